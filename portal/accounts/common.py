"""Passwords that guessers try first: words (in any disguise of digits around them), runs of keys, and what has leaked.

The words are written for this portal: the habits that lists of leaked passwords show, and what Korean keyboards make of
Korean words. Those of the house (도면실, planroom, drawing) are among them.
"""

from __future__ import annotations

import sys
from functools import lru_cache

COMMON: frozenset[str] = frozenset(
    """
    password passwort passw0rd password1 password12 password123 passwords passphrase pass passcode p@ssword p@ssw0rd
    letmein letmein1 letmeinnow welcome welcome1 welcomeback hello helloworld hellohello iloveyou iloveu loveyou ilovegod
    admin administrator adminadmin root rootroot toor superuser supervisor operator master masterkey manager system
    guest user username userpass login loginlogin signin default changeme changeit changethis change secret secretsecret
    topsecret private public test testtest testing tester testuser temp temporary temppass demo sample example
    qwerty qwertyuiop qwertyui qwerty12 qwerty123 qwert qwertz azerty asdf asdfgh asdfghjk asdfghjkl asdfasdf asdf1234
    zxcvbn zxcvbnm zxcvbnmm zxcv zxcvzxcv qazwsx qazwsxedc qweasd qweasdzxc qwe123 qweqwe qwer qwerasdf asdfqwer
    qwer1234 qwer1234! q1w2e3r4 q1w2e3r4t5 1q2w3e4r 1q2w3e4r5t 1q2w3e4r! 1qaz2wsx 1qazxsw2 zaq12wsx zaq1xsw2 2wsx3edc
    a1b2c3d4 a1s2d3f4 abc12345 abcd1234 abcd1234! abcd123 abcdefgh abcabc aa123456 a123456 a1234567 a12345678 a123456789
    123456 1234567 12345678 123456789 1234567890 12345678910 123123123 123321123 112233 11223344 1122334455 12344321
    123454321 147258369 159357 159753 987654321 0987654321 87654321 11111111 00000000 10101010 12121212 13131313
    20202020 20242024 20252025 20262026 19191919 77777777 88888888 99999999 55555555 01010101 01012345678 010123456789
    dragon monkey football baseball basketball soccer hockey tennis sunshine princess shadow michael jordan jennifer
    superman batman spiderman starwars pokemon naruto charlie daniel jessica ashley thomas george computer internet
    samsung samsung1 hyundai posco daewoo doosan lotte hanwha galaxy iphone android google facebook instagram youtube
    naver naver123 kakao kakaotalk daumdaum korea korea123 koreakorea southkorea seoul seoul123 busan incheon daegu
    daehanminguk daehan hangul kimchi bibimbap hanguk hankook taekwondo redevil reddevils worldcup2002 mirae sarang
    saranghae saranghaeyo gksrnr gksrmf tkfkd tkfkdgo tkfkdgody dkssud dkssudgktpdy dkagh qlalfqjsgh qlqjs rkskek rkskekfk
    rlatkdghk ehausdldi ehaustlf ehaus vmffosfna whdkdy alsrnr eogksalsrnr gkrryd ghltk rhksflwk rhksfl dnflskfk dlrjs
    비밀번호 암호 관리자 사랑해 사랑해요 안녕하세요 대한민국 한국 도면실 도면 회사 우리회사 가나다라마바사아 가나다라
    planroom planrooms planroom1 domyeonsil drawing drawings drawingroom blueprint blueprints autocad autocad1 cadcad
    construction architect architecture building manufacturing factory company companyname office officeoffice business
    spring summer autumn winter january february march april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday whatever trustno1 nothing freedom friend friends family
    cheese chocolate cookie coffee pepper ginger banana orange purple silver golden diamond flower butterfly
    access access14 security secure server service services database oracle mysql postgres redis cisco router
    money lucky lucky7 happy happyday happiness victory winner number number1 numberone matrix phoenix falcon eagle
    tiger lion mustang ferrari porsche mercedes harley corvette yankees lakers arsenal chelsea liverpool
    """.split()  # noqa: SIM905 - a list of words reads better as words
)

#: Straight runs along the keys or the alphabet; any part of one, forwards or backwards, is guessed at once.
RUNS: tuple[str, ...] = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
    "!@#$%^&*()_+",
    "가나다라마바사아자차카타파하",
    "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ",
)


@lru_cache(maxsize=1)
def leaked(shortest: int) -> frozenset[str]:
    """The most used of leaked passwords that are long enough to be one here: 11,600 of 8 letters and more, in small letters."""
    # Its other lists (names, films) are let go of again; most processes never ask for any.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    found = frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= shortest)
    FREQUENCY_LISTS.clear()
    sys.modules.pop("zxcvbn.frequency_lists", None)
    return found
