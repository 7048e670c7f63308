"""Languages as codes and as the English names that OpenAI's transcripts carry.

Source: the list that Whisper was trained with (ISO 639-1 codes, a few of its own), and ISO 639-2/3 for three letters
and for what vendors hear beyond that list.
"""

from __future__ import annotations

__all__ = ["UNTOLD", "code_of", "name_of"]

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
ast ast asturian,ceb ceb cebuano,ckb ckb central kurdish,eo epo esperanto,ff ful fulah,fil fil filipino,ga gle irish
ig ibo igbo,kea kea kabuverdianu,ku kur kurdish,ky kir kyrgyz,lg lug ganda,luo luo luo,nso nso northern sotho
ny nya chichewa,om orm oromo,or ori odia,rw kin kinyarwanda,st sot southern sotho,ti tir tigrinya,tn tsn tswana
ts tso tsonga,ug uig uyghur,umb umb umbundu,wo wol wolof,xh xho xhosa,zu zul zulu
"""
_OTHER_WORDS = """
cmn zh,mandarin zh,nb no,nob no,bokmål no,jv jw,iw he,in id,ji yi,ory or,oriya or,msa ms,zsm ms,pes fa,arb ar,ekk et
ger de,fre fr,dut nl,cze cs,gre el,rum ro,slo sk,alb sq,arm hy,baq eu,bur my,chi zh,geo ka,ice is,mac mk,mao mi,may ms
per fa,tib bo,wel cy,burmese my,valencian ca,flemish nl,haitian ht,letzeburgesch lb,pushto ps,panjabi pa,moldavian ro
moldovan ro,sinhalese si,castilian es,nyanja ny,farsi fa,kirghiz ky,swh sw,khk mn,uzn uz,azj az,lvs lv
"""
_KNOWN = [row.split(" ", 2) for line in _ROWS.strip().splitlines() for row in line.split(",")]
_CODES = {key: short for short, long, name in _KNOWN for key in (short, long, name)} | dict(
    row.split(" ") for line in _OTHER_WORDS.strip().splitlines() for row in line.split(",")
)
_NAMES = {short: name for short, _, name in _KNOWN}

UNTOLD = frozenset({"", "unknown", "und", "mul", "mis", "zxx", "multi", "auto"})
"""What vendors write where no one language was told (ISO 639-2's four, and their own words)."""


def name_of(language: str) -> str:
    """`en`, `eng`, `en-US`, `English` -> `english`; what nobody knows is given back in lower case."""
    code = code_of(language)
    return _NAMES.get(code, code)


def code_of(language: str) -> str:
    """`english`, `eng`, `en-US`, `en_US` -> `en`; what nobody knows is given back in lower case."""
    lower = language.strip().lower()
    return _CODES.get(lower) or _CODES.get(lower.replace("_", "-").partition("-")[0]) or lower
