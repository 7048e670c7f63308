"""pocketsphinx as a program: a sound file in, its English words with their times out.

The request is the file itself. The answer is JSON: `text`, `duration` in seconds, `words` as [word, start, end]. Sound
is cut into utterances at its pauses, and no more of it than one utterance is in memory at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO

import msgspec
import pocketsphinx
from msgspec import Struct

from router.engines.pipe import Answer, Engine
from router.engines.sound_file import BYTES_A_SECOND, SAMPLE_RATE_HZ, SoundFile

__all__ = ["load"]

MAX_UTTERANCE_S = 30  # of speech without a pause: then it is cut where it stands
# A window that is mostly speech begins an utterance, one that is mostly not ends it. Short: a lone "yes" counts.
WINDOW_S = 0.3
RATIO = 0.6
FRAMES_A_SECOND = 100  # of the acoustic model: the unit of the times of words
FILLERS = ("<", "[", "+")  # <sil>, <s>, [NOISE], ++UM++
PRONUNCIATION = re.compile(r"\(\d+\)$")  # "the(2)" is "the", said in its second way
PIECE_BYTES = 64 * 1024

Word = tuple[str, float, float]


class Transcript(Struct):
    """What was understood; silence is an empty text."""

    text: str
    duration: float
    words: list[Word]


def load() -> Engine:
    """The engine, its model loaded."""
    return _Recognizer().answer


class _Recognizer:
    def __init__(self) -> None:
        # Normalised over a whole utterance, words come out right more often than with the running mean that is the
        # default, which would also carry one call's loudness over into the next call.
        self._decoder = pocketsphinx.Decoder(samprate=SAMPLE_RATE_HZ, cmn="batch", loglevel="FATAL")

    def answer(self, body: IO[bytes], answer: Answer) -> None:
        sound = SoundFile(body)
        words = [word for start_s, pcm in utterances(sound.blocks()) for word in self._listen(pcm, start_s)]
        text = " ".join(word for word, _start_s, _end_s in words)
        document = msgspec.json.encode(Transcript(text, round(sound.duration_s, 3), words))
        answer.open("application/json")
        for offset in range(0, len(document), PIECE_BYTES):
            answer.write(document[offset : offset + PIECE_BYTES])

    def _listen(self, pcm: bytes, start_s: float) -> Iterator[Word]:
        decoder = self._decoder
        decoder.start_utt()
        decoder.process_raw(pcm, no_search=False, full_utt=True)
        decoder.end_utt()
        for segment in decoder.seg() or ():  # too little sound gives None
            if not segment.word.startswith(FILLERS):
                word = PRONUNCIATION.sub("", segment.word)
                first, last = segment.start_frame, segment.end_frame
                yield (
                    word,
                    _rounded(start_s + first / FRAMES_A_SECOND),
                    _rounded(start_s + (last + 1) / FRAMES_A_SECOND),
                )


def utterances(blocks: Iterable[bytes]) -> Iterator[tuple[float, bytes]]:
    """Cut 16 kHz mono s16 at its pauses: the start in seconds and the PCM of each stretch of speech."""
    endpointer = pocketsphinx.Endpointer(WINDOW_S, RATIO, sample_rate=SAMPLE_RATE_HZ)
    speech = bytearray()
    start_s = 0.0
    for frame in _frames(blocks, endpointer.frame_bytes):
        is_last = len(frame) < endpointer.frame_bytes
        # What comes out lags behind what goes in by the window; the library cannot take an empty last frame.
        heard = endpointer.end_stream(frame or bytes(2)) if is_last else endpointer.process(frame)
        if heard:
            start_s = start_s if speech else max(start_s, endpointer.speech_start)
            speech += heard
        if speech and (not endpointer.in_speech or len(speech) >= MAX_UTTERANCE_S * BYTES_A_SECOND):
            yield start_s, bytes(speech)
            start_s += len(speech) / BYTES_A_SECOND
            speech.clear()


def _frames(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in frames of `size`; the last one is shorter, or empty."""
    pending = b""
    for block in blocks:
        pending += block
        whole = len(pending) - len(pending) % size
        for offset in range(0, whole, size):
            yield pending[offset : offset + size]
        pending = pending[whole:]
    yield pending


def _rounded(seconds: float) -> float:
    return round(seconds, 2)
