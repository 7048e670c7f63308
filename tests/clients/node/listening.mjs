// transcriptions.create or translations.create with a file: the result, or each event of a stream.
import { client, job, say, upload } from "./job.mjs";

const result = await client.audio[job.endpoint ?? "transcriptions"].create({ file: await upload(), ...job.asked });
if (job.asked.stream) {
  for await (const event of result) {
    say(event);
  }
} else {
  say({ result, requestId: result._request_id ?? null });
}
