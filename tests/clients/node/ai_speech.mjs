// The AI SDK's generateSpeech.
import { createOpenAI } from "@ai-sdk/openai";
import { generateSpeech } from "ai";
import { job, say } from "./job.mjs";

const openai = createOpenAI({ baseURL: `${job.url}/v1`, apiKey: "sk-anything" });
const { audio, warnings } = await generateSpeech({ model: openai.speech(job.model), ...job.asked });
say({ base64: audio.base64, mediaType: audio.mediaType, format: audio.format, warnings });
