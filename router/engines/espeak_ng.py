"""espeak-ng as a program: text in, PCM out while it is made (22,050 Hz, signed 16-bit little-endian, mono).

The request is JSON: `text`, `voice` and, if wanted, `rate`. The library comes with the wheel `espeakng_loader` and is
called through its C interface (`speak_lib.h`). It keeps one voice and one set of parameters per process.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated

import espeakng_loader
import msgspec
from msgspec import Meta, Struct

from router.engines.pipe import Answer, Engine, Refusal, Unable

__all__ = ["load"]

SAMPLE_RATE_HZ = 22_050
NORMAL_RATE = 175  # words a minute
BUFFER_MS = (
    200  # made in a quarter of a millisecond, so that larger ones would save little and smaller ones win nothing
)
BREATH_BYTES = SAMPLE_RATE_HZ // 50 * 2  # 20 ms; the library makes 7 ms of silence where it has nothing to say

# Names and values as in speak_lib.h.
AUDIO_OUTPUT_SYNCHRONOUS = 2
ESPEAK_INITIALIZE_DONT_EXIT = 0x8000
ESPEAK_RATE = 1
ESPEAK_CHARS_UTF8 = 1  # by itself: neither SSML nor phonemes in [[ ]]
EE_OK = 0

# U+0000 ends a C string, U+0001 begins a command of espeak's own in the middle of a text, and no other one is spoken.
CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ") | {0x09: "\t", 0x0A: "\n", 0x0D: "\r"}

_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class _Voice(ctypes.Structure):
    """`espeak_VOICE`, as far as it is read here."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("internal", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class _Request(Struct):
    text: str
    voice: str
    rate: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Words a minute; the library speaks no slower than 80."""


_REQUESTS = msgspec.json.Decoder(_Request)


def load() -> Engine:
    """The engine, ready to speak. Raises `Unable`."""
    return _Synthesizer().answer


class _Synthesizer:
    def __init__(self) -> None:
        self._library = _open_library()
        self._voices = _Voices(self._library)
        self._sound: _Sound | None = None
        self._callback = _SynthCallback(self._receive)  # kept, because the library does not keep it
        self._library.espeak_SetSynthCallback(self._callback)

    def answer(self, body: IO[bytes], answer: Answer) -> None:
        try:
            request = _REQUESTS.decode(body.read())
        except msgspec.DecodeError as error:
            raise Refusal("invalid_request", f"the request of espeak-ng is wrong: {error}") from error
        self._sound = _Sound(answer)
        self._speak(request)
        if self._sound.is_breath and any(map(str.isalnum, request.text)):
            raise Refusal("unspeakable", f"espeak-ng's voice {request.voice!r} has no words for this text")
        self._sound.flush()

    def _speak(self, request: _Request) -> None:
        text = request.text.translate(CONTROLS).encode()
        speak = self._library
        _check(speak.espeak_SetVoiceByName(self._voices.find(request.voice)))
        _check(speak.espeak_SetParameter(ESPEAK_RATE, request.rate or NORMAL_RATE, 0))
        _check(speak.espeak_Synth(text, len(text) + 1, 0, 0, 0, ESPEAK_CHARS_UTF8, None, None))

    def _receive(self, samples: int | None, count: int, _events: int | None) -> int:
        """Take the samples as the library makes them; 0 asks it to go on."""
        if samples and count:
            assert self._sound
            self._sound.add(ctypes.string_at(samples, 2 * count))
        return 0


class _Sound:
    """Opens the answer at the first sound, and holds back what may turn out to be nothing but a breath."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._held = b""

    @property
    def is_breath(self) -> bool:
        """Nothing has been said so far."""
        return not self._answer.is_open

    def add(self, samples: bytes) -> None:
        self._held += samples
        if self._answer.is_open or len(self._held) > BREATH_BYTES:
            self.flush()

    def flush(self) -> None:
        if not self._answer.is_open:
            self._answer.open("audio/pcm")
        self._answer.write(self._held)
        self._held = b""


class _Voices:
    """Every name by which a voice is known. The library itself would take any name for a path, and try to read it."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._identifiers: dict[str, str] = {}
        self._variants: dict[str, str] = {}
        by_language: list[tuple[int, str, str]] = []
        for voice in _list(library, None):
            identifier = voice.identifier.decode()
            by_language += [(priority, language, identifier) for language, priority in _languages(voice.languages)]
            for name in (identifier, identifier.rpartition("/")[2], voice.name.decode()):
                self._identifiers.setdefault(name.lower(), identifier)
        for _priority, language, identifier in sorted(by_language):
            self._identifiers.setdefault(language.lower(), identifier)
        for voice in _list(library, b"variant"):
            variant = voice.identifier.decode().rpartition("/")[2]
            self._variants[variant.lower()] = variant

    def find(self, name: str) -> bytes:
        """The library's own name for `de`, `en-us` or `en-us+f3`. Raises `Refusal`."""
        base, plus, variant = name.lower().partition("+")
        if base not in self._identifiers or (plus and variant not in self._variants):
            raise Refusal("unknown_voice", f"espeak-ng has no voice {name!r}")
        identifier = self._identifiers[base]
        return f"{identifier}+{self._variants[variant]}".encode() if plus else identifier.encode()


def _list(library: ctypes.CDLL, kind: bytes | None) -> Iterator[_Voice]:
    """All voices, or those of a kind; each is valid until the next call of this."""
    wanted = ctypes.create_string_buffer(kind) if kind else None
    selector = ctypes.byref(_Voice(languages=ctypes.addressof(wanted))) if wanted else None
    voices = library.espeak_ListVoices(selector)
    index = 0
    while voices[index]:
        yield voices[index].contents
        index += 1


def _languages(address: int) -> Iterator[tuple[str, int]]:
    """Languages and priorities, which lie in memory as a byte and a C string each; a smaller number is preferred."""
    while priority := ctypes.string_at(address, 1)[0]:
        language = ctypes.string_at(address + 1)
        yield language.decode(), priority
        address += len(language) + 2


def _open_library() -> ctypes.CDLL:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_SetSynthCallback.argtypes = [_SynthCallback]
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_SetParameter.argtypes = [ctypes.c_int] * 3
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    library.espeak_ListVoices.argtypes = [ctypes.POINTER(_Voice)]
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    folder = str(Path(espeakng_loader.get_data_path()).parent).encode()
    rate = library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, folder, ESPEAK_INITIALIZE_DONT_EXIT)
    if rate != SAMPLE_RATE_HZ:
        raise Unable(f"espeak-ng makes {rate} samples a second instead of {SAMPLE_RATE_HZ}; is its wheel intact?")
    return library


def _check(result: int) -> None:
    if result != EE_OK:
        raise RuntimeError(f"espeak-ng failed with its error {result}")
