// Loaded before every script: looking up any host but this machine fails it.
import dns from "node:dns";

dns.lookup = (host) => {
  throw new Error(`a script looked up ${host}`);
};
