exports.all = { deep: async (event) => ({ deep: event }) };
