// The AI SDK against a call that fails: what it throws at last, and what it thinks of trying again.
import { createOpenAI } from "@ai-sdk/openai";
import { generateSpeech } from "ai";
import { job, say } from "./job.mjs";

const openai = createOpenAI({ baseURL: `${job.url}/v1`, apiKey: "sk-anything" });
try {
  await generateSpeech({ model: openai.speech(job.model), ...job.asked });
  say({ thrown: null });
} catch (error) {
  const last = error.lastError ?? error;
  say({ thrown: error.name, status: last.statusCode, message: last.message, isRetryable: last.isRetryable });
}
