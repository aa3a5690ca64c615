import "no-such-module"; export const handler = async () => 1;
