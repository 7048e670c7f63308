// The AI SDK's transcribe.
import { readFileSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import { transcribe } from "ai";
import { job, say } from "./job.mjs";

const openai = createOpenAI({ baseURL: `${job.url}/v1`, apiKey: "sk-anything" });
const { text, segments, language, durationInSeconds, warnings, providerMetadata } = await transcribe({
  model: openai.transcription(job.model),
  audio: readFileSync(job.path),
  providerOptions: { openai: job.asked },
});
say({ text, segments, language, durationInSeconds, warnings, providerMetadata });
