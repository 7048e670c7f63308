"""API in One: whatever is asked for is a task to create, watch and fetch; speech is a dialogue, even that of one voice.

Source: the vendor's pages of models, of Suno and of tasks, read 2026-11-20. There is neither SDK nor OpenAPI document.
Prices: the vendor's pages of models, 2026, in credits; what they come to in dollars differs from page to page. One
credit at least is charged for a speech, which is not reckoned here: what a task says it has consumed goes first.
Proved by: these pages (tests/vendors/test_apiin_one.py); nothing of the vendor's own has sent these requests.
Unsure: tasks are told in two forms and two families of words, which are all understood. The format of a result is not
documented: mp3, which was seen of Suno, is taken for every model's. The hosts of results are not documented either, so
the table must name them (`result_hosts:`). Of voices only `narrator` and `user` are named, so any name may be one.
A title and tags go along beside a description as well: the pages do not say that they are for custom mode alone.
Left out: Suno's prices (5 to 12 credits, unverified), its second song, its limits in custom mode (lyrics of 3,000 or
5,000 characters, style of 200 or 1,000: the vendor refuses what is longer), covers of an upload, the fields `text`,
`voice_id` and `speed` of a third-party client. The audio it was seen to get at once is taken, should it come.
"""

from __future__ import annotations

from router.vendors.spec import (
    MP3,
    Dialogue,
    Draft,
    ErrorShape,
    Interim,
    Job,
    Json,
    Kind,
    Model,
    Sound,
    SoundAsk,
    Speech,
    SpeechAsk,
    Steps,
    Turn,
    Unit,
    Vendor,
    audio_bytes,
    get,
    honours,
    in_credits,
    post,
    replace,
    words,
)

SUNO = ("gpt_description_prompt", "style", "prompt")
INPUTS = {"minimax-music": ("prompt", "prompt", "lyrics")}
"""What a model calls the description, the same beside lyrics (of Suno, the custom mode), and the lyrics."""

SUNOS = ("suno", *(f"chirp-v{one}" for one in ("3-5", "4-0", "4-5", "4-5-plus", "5", "5-5")))
JOB = Job(
    "data.status|status",
    queued=words("pending"),
    running=words("in_progress"),
    done=words("success completed"),
    why="data.error_message|error_message",
    every_s=3,
)
LONGER = replace(JOB, every_s=5)  # the vendor's advice for music


def speech(ask: SpeechAsk) -> Steps:
    turns = ask.turns or (Turn(ask.text, ask.voice),)
    return task(
        post(
            "/audio/speech",
            json={
                "model": ask.model,
                "dialogue": [{"text": turn.text, "voice": turn.voice} for turn in turns],
                "language_code": ask.language_code,
            },
        ),
        JOB,
    )


def music(ask: SoundAsk) -> Steps:
    alone, beside, sung = INPUTS.get(ask.model, SUNO)
    said = {beside: ask.text, sung: ask.lyrics} if ask.lyrics else {alone: ask.text}
    return task(post("/audio/music", json={"model": ask.model, **said, "make_instrumental": ask.instrumental}), LONGER)


def task(create: Draft, job: Job) -> Steps:
    made = yield create
    if made.json is None:
        return made  # the audio itself
    known = told(made)
    done = yield from job.wait(get("/tasks/{}", known.get("task_id") or known["id"]), since=made)
    return get(told(done)["response"][0])


def told(answer: Interim) -> Json:
    """A task, in its envelope or without."""
    return answer.json.get("data", answer.json)


VENDOR = Vendor(
    name="apiin-one",
    base_url="https://apiin.one/api/v1",
    read="2026-11-20",
    errors=ErrorShape(
        code="error.code|code",
        ok=frozenset({"200"}),
        kinds={  # an envelope with another code comes in a 200
            "400": Kind.INPUT,
            "401": Kind.KEY,
            "402": Kind.QUOTA,
            "404": Kind.NO_MODEL,
            "429": Kind.BUSY,
        },
    ),
    billed={Unit.CREDIT: "data.consumed_credits|consumed_credits"},
    closed=words(
        "model dialogue language_code gpt_description_prompt prompt style lyrics make_instrumental "
        "text voice_id speed custom_mode audio_id"  # of another form, and of covers
    ),
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={MP3: None},
        honours=honours("language"),
        voices={"*": "narrator"},
        dialogue=Dialogue(),
        patience_s=60,
        extras=words("stability"),
        models={"elevenlabs-v3": Model(price=in_credits(per_1m_characters=28_000))},
    ),
    music=Sound(
        request=music,
        reply=audio_bytes,
        formats={MP3: None},
        honours=honours("lyrics", "instrumental"),
        patience_s=300,
        extras=words("title tags"),  # `tags`: those to avoid
        models={
            **dict.fromkeys(SUNOS, Model(longest=400)),
            "minimax-music": Model(
                price=in_credits(per_generation=30),
                honours=honours("lyrics"),
                patience_s=180,
                extras=words("bitrate sample_rate"),
            ),
        },
    ),
)
