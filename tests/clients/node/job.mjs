// What a script is asked to do, and how it answers: one JSON value a line.
import { readFileSync, createReadStream } from "node:fs";
import OpenAI, { toFile } from "openai";

export const job = JSON.parse(process.argv[2]);

export const client = new OpenAI({ baseURL: `${job.url}/v1`, apiKey: "sk-anything", ...job.options });

export const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const UPLOADS = {
  stream: (path) => createReadStream(path),
  toFile: (path) => toFile(readFileSync(path), "speech.wav", { type: "audio/wav" }),
  file: (path) => new File([readFileSync(path)], "speech.wav", { type: "audio/wav" }),
  blob: (path) => new Blob([readFileSync(path)]),
  response: (path) => new Response(readFileSync(path)),
};

export const upload = () => UPLOADS[job.how ?? "stream"](job.path);
