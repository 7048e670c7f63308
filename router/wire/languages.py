"""Languages as codes and as the English names that OpenAI's transcripts carry.

Source: the list that Whisper was trained with (ISO 639-1 codes, a few of its own), and ISO 639-2/3 for three letters.
"""

from __future__ import annotations

__all__ = ["code_of", "name_of"]

_ROWS = """
en eng english,zh zho chinese,de deu german,es spa spanish,ru rus russian,ko kor korean,fr fra french,ja jpn japanese
pt por portuguese,tr tur turkish,pl pol polish,ca cat catalan,nl nld dutch,ar ara arabic,sv swe swedish,it ita italian
id ind indonesian,hi hin hindi,fi fin finnish,vi vie vietnamese,he heb hebrew,uk ukr ukrainian,el ell greek,ms msa malay
cs ces czech,ro ron romanian,da dan danish,hu hun hungarian,ta tam tamil,no nor norwegian,th tha thai,ur urd urdu
hr hrv croatian,bg bul bulgarian,lt lit lithuanian,la lat latin,mi mri maori,ml mal malayalam,cy cym welsh,sk slk slovak
te tel telugu,fa fas persian,lv lav latvian,bn ben bengali,sr srp serbian,az aze azerbaijani,sl slv slovenian
kn kan kannada,et est estonian,mk mkd macedonian,br bre breton,eu eus basque,is isl icelandic,hy hye armenian
ne nep nepali,mn mon mongolian,bs bos bosnian,kk kaz kazakh,sq sqi albanian,sw swa swahili,gl glg galician
mr mar marathi,pa pan punjabi,si sin sinhala,km khm khmer,sn sna shona,yo yor yoruba,so som somali,af afr afrikaans
oc oci occitan,ka kat georgian,be bel belarusian,tg tgk tajik,sd snd sindhi,gu guj gujarati,am amh amharic
yi yid yiddish,lo lao lao,uz uzb uzbek,fo fao faroese,ht hat haitian creole,ps pus pashto,tk tuk turkmen,nn nno nynorsk
mt mlt maltese,sa san sanskrit,lb ltz luxembourgish,my mya myanmar,bo bod tibetan,tl tgl tagalog,mg mlg malagasy
as asm assamese,tt tat tatar,haw haw hawaiian,ln lin lingala,ha hau hausa,ba bak bashkir,jw jav javanese
su sun sundanese,yue yue cantonese
"""
_KNOWN = [row.split(" ", 2) for line in _ROWS.strip().splitlines() for row in line.split(",")]
_NAMES = {key: name for short, long, name in _KNOWN for key in (short, long)}
_CODES = {key: short for short, long, name in _KNOWN for key in (short, long, name)}


def name_of(language: str) -> str:
    """`en`, `eng`, `en-US`, `English` -> `english`; what nobody knows is given back in lower case."""
    lower = language.lower()
    return _NAMES.get(lower) or _NAMES.get(lower.partition("-")[0]) or lower


def code_of(language: str) -> str:
    """`english`, `eng`, `en-US` -> `en`; what nobody knows is given back in lower case."""
    lower = language.lower()
    return _CODES.get(lower) or _CODES.get(lower.partition("-")[0]) or lower
