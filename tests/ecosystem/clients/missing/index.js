exports.handler = require("no-such-module");
