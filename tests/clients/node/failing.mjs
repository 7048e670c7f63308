// A call that is to fail: what the SDK throws.
import { client, job, say, upload } from "./job.mjs";

const call = {
  speech: () => client.audio.speech.create(job.asked),
  transcription: async () => client.audio.transcriptions.create({ file: await upload(), ...job.asked }),
};

try {
  const reply = await call[job.kind]();
  await reply.arrayBuffer?.();
  say({ thrown: null });
} catch (error) {
  const { status, code, type, message, requestID } = error;
  say({ thrown: error.constructor.name, status, code, type, message, requestID });
}
