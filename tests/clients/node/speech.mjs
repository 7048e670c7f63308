// speech.create, read as it arrives: the head, then each chunk in base64.
import { client, job, say } from "./job.mjs";

const reply = await client.audio.speech.create(job.asked);
say({ type: reply.headers.get("content-type"), requestId: reply.headers.get("x-request-id") });
for await (const chunk of reply.body) {
  say(Buffer.from(chunk).toString("base64"));
}
