"""Invented clients for the demo, written once as CSV: `python -m dialer.simulation.people`.

Names are put together by chance. British numbers are of the ranges that Ofcom keeps for fiction; Russia has none,
so the Russian ones stand in the 555 blocks of mobile codes, which nobody dials here: the demo has no way out.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).with_name("data")
COUNT: Final = 200
_TODAY: Final = date(2026, 11, 20)

_SURNAMES = (  # noqa: SIM905
    "Абрамов Белов Васильев Голубев Громов Давыдов Егоров Ершов Жуков Зайцев Иванов Калинин Киселёв Климов Козлов"
    " Королёв Крылов Кузнецов Лаптев Лебедев Логинов Макаров Медведев Миронов Никитин Орлов Панов Петров Поляков"
    " Романов Рябов Савельев Сидоров Соколов Сорокин Тарасов Титов Уваров Фомин Чернов Шестаков Щербаков Яковлев"
).split()  # fmt: skip
_MEN = (  # noqa: SIM905
    "Александр Алексей Андрей Антон Борис Виктор Владимир Глеб Дмитрий Евгений Иван Игорь Кирилл Максим Михаил"
    " Николай Олег Павел Роман Сергей Степан Юрий"
).split()
_WOMEN = (  # noqa: SIM905
    "Алина Анна Валентина Вера Галина Дарья Екатерина Елена Жанна Зоя Инна Ирина Ксения Лариса Людмила Марина"
    " Надежда Наталья Ольга Полина Светлана Татьяна Юлия"
).split()
_FATHERS = (
    ("Алексеевич", "Алексеевна"), ("Андреевич", "Андреевна"), ("Борисович", "Борисовна"),
    ("Викторович", "Викторовна"), ("Владимирович", "Владимировна"), ("Дмитриевич", "Дмитриевна"),
    ("Иванович", "Ивановна"), ("Львович", "Львовна"), ("Михайлович", "Михайловна"), ("Николаевич", "Николаевна"),
    ("Олегович", "Олеговна"), ("Павлович", "Павловна"), ("Петрович", "Петровна"), ("Сергеевич", "Сергеевна"),
)  # fmt: skip
_CITIES_RU = (
    ("Москва", "Europe/Moscow", 8), ("Химки", "Europe/Moscow", 2), ("Подольск", "Europe/Moscow", 2),
    ("Калуга", "Europe/Moscow", 1), ("Калининград", "Europe/Kaliningrad", 1), ("Самара", "Europe/Samara", 2),
    ("Екатеринбург", "Asia/Yekaterinburg", 2), ("Омск", "Asia/Omsk", 1), ("Новосибирск", "Asia/Novosibirsk", 1),
)  # fmt: skip
_STREETS_RU = (
    "ул. Садовая", "ул. Лесная", "ул. Школьная", "пр. Мира", "ул. Заречная", "Парковая аллея", "ул. Строителей",
    "наб. Речная", "ул. Тимирязева", "пер. Тихий",
)  # fmt: skip
_BOTTLES = ("одну бутыль", "две бутыли", "две бутыли", "три бутыли", "четыре бутыли", "шесть бутылей")
_NOTES_RU = (
    "", "", "", "", "Домофон не работает, звонить за 10 минут", "Лифта нет, 4 этаж", "Просит не звонить до 10:00",
    "Оставлять у консьержа", "Есть кулер в аренде", "Собака во дворе",
)  # fmt: skip

_FIRST_EN = (  # noqa: SIM905
    "Alice Andrew Beth Callum Charlotte Craig Daniel Dorothy Edward Eleanor Fiona George Grace Hannah Harry Helen"
    " Imogen Jack James Joan Karen Kevin Laura Liam Lucy Martin Megan Neil Olivia Patrick Priya Rachel Robert Ruth"
    " Sarah Simon Sophie Stephen Thomas Zoe"
).split()
_LAST_EN = (  # noqa: SIM905
    "Adeyemi Atkins Barlow Bennett Booth Carver Chapman Cole Dawson Ellis Farrow Finch Garner Hale Harding Holt"
    " Hughes Iqbal Jarvis Kendall Lamb Marsh Mercer Nolan Okafor Osborne Parrish Patel Pryce Quinn Rowe Sharma"
    " Shaw Sutton Tate Thorne Vaughan Wallis Webb Yates"
).split()
_CITIES_EN = (
    ("London", "020 7946 0", 5), ("Leeds", "0113 496 0", 2), ("Sheffield", "0114 496 0", 2),
    ("Nottingham", "0115 496 0", 1), ("Leicester", "0116 496 0", 1), ("Bristol", "0117 496 0", 2),
    ("Reading", "0118 496 0", 1), ("Birmingham", "0121 496 0", 2), ("Edinburgh", "0131 496 0", 1),
    ("Glasgow", "0141 496 0", 2), ("Liverpool", "0151 496 0", 1), ("Manchester", "0161 496 0", 3),
)  # fmt: skip
_STREETS_EN = (
    "Alder Road", "Chapel Lane", "Mill Street", "Orchard Close", "Park Avenue", "Quarry Hill", "Rectory Gardens",
    "Station Road", "Sycamore Drive", "Victoria Terrace",
)  # fmt: skip
_BOILERS = (
    "a Northfell 24",
    "a Northfell 30",
    "a Calder Eco",
    "a Marlow Combi 28",
    "an Ashby 18",
    "a Tarn Compact",
)
_NOTES_EN = (
    "", "", "", "", "Ring before coming: no bell", "Parking at the back", "Prefers mornings", "Dog in the garden",
    "Tenant: ask for the landlord's consent", "Boiler is in the loft",
)  # fmt: skip

HEADINGS_RU = (
    "ФИО", "Телефон", "Телефон 2", "Город", "Часовой пояс", "Договор", "Адрес", "Последняя доставка",
    "Прошлый заказ", "Бутылей дома", "Цена", "Заметка",
)  # fmt: skip
HEADINGS_EN = (
    "Name", "Phone", "Phone 2", "City", "Time zone", "Contract", "Address", "Last visit", "Boiler", "Price", "Note",
)  # fmt: skip


def russians(count: int = COUNT, seed: int = 7) -> Iterator[tuple[str, ...]]:
    """Households that have water delivered."""
    rng = random.Random(seed)  # noqa: S311
    names: set[str] = set()
    numbers = _mobiles_ru(rng)
    while len(names) < count:
        name = _russian(rng)
        if name in names:
            continue
        names.add(name)
        city, zone, _ = rng.choices(_CITIES_RU, weights=[weight for _, _, weight in _CITIES_RU])[0]
        delivered = _TODAY - timedelta(days=rng.randint(9, 40))
        yield (
            name,
            next(numbers),
            next(numbers) if rng.random() < 0.25 else "",
            city,
            zone,
            f"ВД-{rng.randint(10_000, 99_999)}",
            f"{rng.choice(_STREETS_RU)}, д. {rng.randint(1, 90)}, кв. {rng.randint(1, 180)}",
            f"{delivered:%d.%m.%Y}",
            rng.choice(_BOTTLES),
            str(rng.randint(0, 3)),
            f"{rng.choice((270, 280, 290, 310))} рублей",
            rng.choice(_NOTES_RU),
        )


def britons(count: int = COUNT, seed: int = 11) -> Iterator[tuple[str, ...]]:
    """Households whose boiler was looked at a year ago."""
    rng = random.Random(seed)  # noqa: S311
    names: set[str] = set()
    ours = {"020 7946 0000"}  # the demo's own number
    while len(names) < count:
        name = f"{rng.choice(_FIRST_EN)} {rng.choice(_LAST_EN)}"
        if name in names:
            continue
        names.add(name)
        city, code, _ = rng.choices(_CITIES_EN, weights=[weight for _, _, weight in _CITIES_EN])[0]
        home = _fresh(rng, ours, code)
        mobile = _fresh(rng, ours, "07700 900")
        both = rng.random() < 0.25
        visited = _TODAY - timedelta(days=rng.randint(340, 400))
        yield (
            name,
            mobile if both or rng.random() < 0.6 else home,
            home if both else "",
            city,
            "Europe/London",
            f"HH-{rng.randint(10_000, 99_999)}",
            f"{rng.randint(1, 120)} {rng.choice(_STREETS_EN)}",
            f"{visited:%d/%m/%Y}",
            rng.choice(_BOILERS),
            f"{rng.choice((79, 82, 85, 89))} pounds",
            rng.choice(_NOTES_EN),
        )


def _russian(rng: random.Random) -> str:
    surname, fathers = rng.choice(_SURNAMES), rng.choice(_FATHERS)
    if rng.random() < 0.6:
        return f"{surname}а {rng.choice(_WOMEN)} {fathers[1]}"
    return f"{surname} {rng.choice(_MEN)} {fathers[0]}"


def _mobiles_ru(rng: random.Random) -> Iterator[str]:
    """Mobile numbers, each once, in the forms in which people write them."""
    used: set[str] = set()
    while True:
        code, end = rng.choice(("903", "909", "916", "925", "962", "985")), f"{rng.randrange(10_000):04d}"
        if code + end in used:
            continue
        used.add(code + end)
        form = rng.choice(("+7 {} 555-{}-{}", "8 ({}) 555-{}-{}", "8{}555{}{}"))
        yield form.format(code, end[:2], end[2:])


def _fresh(rng: random.Random, used: set[str], prefix: str) -> str:
    while True:
        number = f"{prefix}{rng.randrange(1000):03d}"
        if number not in used:
            used.add(number)
            return number


def as_csv(headings: Sequence[str], rows: Iterator[tuple[str, ...]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()


def files() -> dict[str, bytes]:
    """The demo's files by name: as a Russian and as a British spreadsheet would save them."""
    return {
        "clients_ru.csv": as_csv(HEADINGS_RU, russians(), ";").encode("utf-8-sig"),
        "clients_en.csv": as_csv(HEADINGS_EN, britons(), ",").encode(),
    }


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    for file, content in files().items():
        (DATA / file).write_bytes(content)
