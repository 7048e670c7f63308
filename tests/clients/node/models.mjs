// models.list, and models.retrieve of each id that is asked for.
import { client, job, say } from "./job.mjs";

const listed = await client.models.list();
say(listed.data.map((model) => model.id));
for (const id of job.asked) {
  say(await client.models.retrieve(id));
}
