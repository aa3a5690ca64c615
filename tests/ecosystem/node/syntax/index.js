exports.handler = async () => { return }};
