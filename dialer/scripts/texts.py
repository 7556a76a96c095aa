"""Texts for people, Russian and English: what the engine says by itself, findings of the checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dialer.scripts.model import Language

_NEXT: Final[dict[Language, tuple[str, str]]] = {
    "ru": ("Дальше", "Вернуться к разговору"),
    "en": ("Go on", "Back to the conversation"),
}
NO_ANSWER: Final[dict[Language, str]] = {"ru": "Нет подходящего ответа", "en": "No suitable answer"}


def next_text(language: Language, *, returns: bool) -> str:
    """What the button says that leads on where there is nothing to choose."""
    return _NEXT[language][returns]


FINDINGS: Final[dict[str, tuple[str, str]]] = {
    # the file
    "file_too_large": ("Файл больше {limit} КБ.", "The file is larger than {limit} KB."),
    "file_unreadable": ("Файл не читается: {why}.", "The file cannot be read: {why}."),
    "yaml_broken": ("Это не YAML: {why}.", "This is not YAML: {why}."),
    "yaml_alias": (
        "Якоря, ссылки и метки типов YAML здесь не допускаются.",
        "YAML anchors, aliases and tags are not allowed here.",
    ),
    "yaml_deep": ("Слишком глубокая вложенность.", "Nested too deeply."),
    "key_unknown": ("Неизвестный ключ «{key}».", "Unknown key “{key}”."),
    "key_unknown_like": (
        "Неизвестный ключ «{key}»; может быть, «{like}»?",
        "Unknown key “{key}”; did you mean “{like}”?",
    ),
    "key_twice": ("Ключ «{key}» уже был выше.", "The key “{key}” stands here twice."),
    "key_missing": ("Не хватает ключа «{key}».", "The key “{key}” is missing."),
    "value_wrong": ("Здесь ожидается {expected}.", "Expected here: {expected}."),
    "text_control": ("В тексте есть управляющие символы.", "The text has control characters in it."),
    "format_unknown": (
        "Формат {format} этой версии программы незнаком.",
        "This version of the program does not know format {format}.",
    ),
    # the script
    "no_blocks": ("В скрипте нет ни одного блока.", "The script has no blocks."),
    "too_large": ("Слишком много: {what}, предел {limit}.", "Too many: {what}, the limit is {limit}."),
    "text_too_long": ("Текст длиннее {limit} знаков.", "The text is longer than {limit} characters."),
    "text_missing": ("Пустой текст.", "The text is empty."),
    "id_wrong": (
        "Имя «{id}» не годится: латинская буква, затем буквы, цифры, «_», «-», всего до 40 знаков.",
        "The id “{id}” will not do: a Latin letter, then letters, digits, “_”, “-”, 40 characters at most.",
    ),
    "id_reserved": ("Имя «{id}» занято программой.", "The id “{id}” is reserved."),
    "id_twice": ("Имя «{id}» уже занято.", "The id “{id}” is used twice."),
    "start_unknown": ("Начального блока «{to}» нет.", "There is no block “{to}” to start with."),
    "block_unknown": ("Блока «{to}» нет.", "There is no block “{to}”."),
    "block_unknown_like": (
        "Блока «{to}» нет; может быть, «{like}»?",
        "There is no block “{to}”; did you mean “{like}”?",
    ),
    "unreachable": (
        "До блока «{block}» нельзя дойти: на него не ведёт ни одна стрелка.",
        "The block “{block}” cannot be reached: no arrow leads to it.",
    ),
    "dead_end": (
        "Блок «{block}» никуда не ведёт и не отмечен как конец (end: true).",
        "The block “{block}” leads nowhere and is not marked as an end (end: true).",
    ),
    "answer_nowhere": (
        "Ответ «{answer}» никуда не ведёт: нет ни «to» у ответа, ни «next» у блока.",
        "The answer “{answer}” leads nowhere: it has no “to”, and the block no “next”.",
    ),
    "end_goes_on": (
        "Блок «{block}» отмечен как конец, но из него ведут стрелки: они не сработают.",
        "The block “{block}” is marked as an end, yet has arrows: they will never be taken.",
    ),
    "never_ends": (
        "Из блока «{block}» нельзя дойти ни до одного конца.",
        "From the block “{block}” no end can be reached.",
    ),
    "ways_without_next": (
        "У блока «{block}» есть условия, но нет «next»: если не выполнено ни одно, идти некуда.",
        "The block “{block}” has conditions but no “next”: where none holds, there is nowhere to go.",
    ),
    "condition_empty": ("Условие пустое.", "The condition is empty."),
    "condition_long": ("Условие длиннее {limit} знаков.", "The condition is longer than {limit} characters."),
    "condition_deep": (
        "В условии больше {limit} скобок друг в друге.",
        "More than {limit} brackets stand within each other in the condition.",
    ),
    "condition_sign": (
        "Знак «{sign}» здесь в условии не годится.",
        "“{sign}” will not do here in a condition.",
    ),
    "condition_name": (
        "Условие не знает «{name}»: поле пишется как field.имя.",
        "The condition knows no “{name}”: a field is written as field.id.",
    ),
    "condition_call": (
        "«{name}» в условии вызвать нельзя; можно contains, startsWith, endsWith, size.",
        "“{name}” cannot be called in a condition; contains, startsWith, endsWith and size can.",
    ),
    "condition_broken": (
        "Условие не читается: проверьте скобки и знаки, например field.bottles > 2 && field.paid.",
        "The condition cannot be read: look at its brackets and signs, as in field.bottles > 2 && field.paid.",
    ),
    "condition_types": (
        "Условие сравнивает несравнимое, или не отвечает «да» или «нет».",
        "The condition compares what cannot be compared, or does not answer yes or no.",
    ),
    "condition_choice": (
        "«{name}» не бывает «{choice}»: такого варианта у поля нет.",
        "“{name}” is never “{choice}”: the field has no such choice.",
    ),
    "sub_unknown": (
        "Скрипта «{name}» нет: сначала опубликуйте его.",
        "There is no script “{name}”: publish it first.",
    ),
    "sub_endless": (
        "Скрипт «{name}» ведёт сам в себя, проходит через неизвестный скрипт или слишком велик.",
        "The script “{name}” leads into itself, passes through an unknown one, or is too large.",
    ),
    "sub_language": ("Скрипт «{name}» на другом языке.", "The script “{name}” is in another language."),
    "sub_field": (
        "Поле «{field}» есть и здесь, и в скрипте «{name}», но другого вида.",
        "The field “{field}” stands here and in the script “{name}”, and is of another kind there.",
    ),
    "pause_unseen": (
        "Блок «{block}» ничего не показывает и проходится сам: запись на нём не остановится.",
        "The block “{block}” shows nothing and is passed by itself: the recording does not pause on it.",
    ),
    "sub_says": (
        "Блок «{block}» проходит через другой скрипт: своих текста, полей и ответов у него нет.",
        "The block “{block}” passes through another script: it has no text, fields or answers of its own.",
    ),
    "sub_without_next": (
        "После скрипта, через который проходит блок «{block}», некуда идти: нет «next».",
        "After the script that the block “{block}” passes through there is nowhere to go: it has no “next”.",
    ),
    "pace_wrong": (
        "Темп чтения — от 1 до {limit} знаков в секунду.",
        "The pace of reading is from 1 to {limit} characters a second.",
    ),
    "automatic_loop": (
        "Блоки без текста ведут по кругу: {blocks}.",
        "Blocks with nothing to say lead in a circle: {blocks}.",
    ),
    "return_without_jump": (
        "Отсюда нельзя вернуться: в блок «{block}» приходят и без быстрого перехода.",
        "There is nowhere to return to: the block “{block}” is also reached without a jump.",
    ),
    "placeholder_unknown": ("Неизвестная подстановка {{{{{name}}}}}.", "Unknown placeholder {{{{{name}}}}}."),
    "placeholder_broken": (
        "Незакрытая подстановка: нужно {{{{имя}}}} в одну строку.",
        "A broken placeholder: it is written {{{{name}}}}.",
    ),
    "field_never_filled": (
        "Поле «{field}» здесь ещё не заполнено: оно спрашивается позже.",
        "The field “{field}” is never filled by here: it is asked later.",
    ),
    "field_maybe_empty": (
        "Поле «{field}» здесь может быть пустым: сюда можно прийти, минуя блок «{block}». "
        "Помогает запасной текст: {{{{field.{field} | …}}}}.",
        "The field “{field}” may be empty here: one can come here past the block “{block}”. "
        "A spare text helps: {{{{field.{field} | …}}}}.",
    ),
    "choices_missing": ("У поля «{field}» нет вариантов выбора.", "The field “{field}” has no choices."),
    "choices_useless": (
        "Варианты есть, но поле «{field}» не для выбора (kind: choice или choices).",
        "There are choices, but the field “{field}” is not a choice (kind: choice or choices).",
    ),
    "choice_twice": ("Вариант «{choice}» повторяется.", "The choice “{choice}” stands twice."),
    "default_wrong": (
        "Значение по умолчанию не подходит полю «{field}».",
        "The default does not fit the field “{field}”.",
    ),
    "disposition_unknown": ("Результата «{disposition}» нет.", "There is no disposition “{disposition}”."),
    "answers_many": (
        "В блоке «{block}» ответов больше девяти: у лишних не будет клавиши.",
        "The block “{block}” has more than nine answers: some will have no key.",
    ),
    "jumps_many": (
        "Быстрых переходов больше четырёх: у лишних не будет клавиши.",
        "There are more than four jumps: some will have no key.",
    ),
    "name_taken": (
        "Скрипт с названием «{name}» уже есть: дайте этому другое.",
        "There is another script with the name “{name}”: give this one another.",
    ),
    "reference_of": (
        "Поле «{field}»: «of» говорит, на что ссылка (client, product, …), и нужно только виду reference.",
        "The field “{field}”: “of” says what a reference is to (client, product, …), and is for references alone.",
    ),
    # actions
    "action_not_yet": (
        "Действия «{action}» в этой версии ещё нет: для него не готова своя часть программы.",
        "The action “{action}” is not yet available: the part of the program that it needs does not exist yet.",
    ),
    "action_before": (
        "Блок «{block}» проходят раньше всего сказанного: его действия некому подтвердить. "
        "Перенесите их на первый ответ.",
        "The block “{block}” is passed before anything is said: put its actions on the first answer.",
    ),
    "action_at_end": (
        "Когда скрипт закрывают, результат уже выбран: перенесите callback на ответ, который ведёт сюда.",
        "When the script is closed its result is chosen already: put the callback on the answer that leads here.",
    ),
    "action_field": (
        "«{field}» записать нельзя; можно client.name, client.city, client.fields.…, deal.title, deal.fields.….",
        "“{field}” cannot be set; client.name, client.city, client.fields.…, deal.title, deal.fields.… can.",
    ),
    "action_field_unknown": ("Поля «{field}» в скрипте нет.", "The script has no field “{field}”."),
    "action_field_kind": (
        "Поле «{field}» здесь должно быть вида {kind}.",
        "The field “{field}” has to be of the kind {kind} here.",
    ),
    "action_time": (
        "Когда? Нужно или minutes, или date (поле с датой) и, может быть, time.",
        "When? Either minutes, or date (a field that holds it) and perhaps time.",
    ),
    "action_whom": ("Кому? Нужно либо to (логин), либо role.", "To whom? Either to (a login) or role."),
    "action_person": (
        "Сотрудника с логином «{name}» нет.",
        "There is nobody with the login “{name}”.",
    ),
    "action_role": (
        "Роль «{name}» здесь не годится; можно {known}.",
        "The role “{name}” will not do here; {known} will.",
    ),
    "action_hook": (
        "Веб-хука «{name}» нет: его добавляет администратор в dialer.toml, [web_hooks.{name}].",
        "There is no web hook “{name}”: an admin adds it to dialer.toml, [web_hooks.{name}].",
    ),
    "action_hook_name": (
        "«{name}» — не имя веб-хука: адрес в скрипте не пишут, его задаёт администратор.",
        "“{name}” is no name of a web hook: a script holds no address, an admin configures it.",
    ),
    "action_part": (
        "Имя «{name}» в body не годится или повторяется: латинская буква, затем буквы, цифры, «_», «-».",
        "The name “{name}” in the body will not do, or stands twice: a Latin letter, then letters, digits, “_”, “-”.",
    ),
    "no_goal": ("Ни один блок не отмечен как цель.", "No block is marked as the goal."),
}


def finding_text(code: str, params: Mapping[str, str | int], language: Language) -> str:
    """A finding in words; an unknown code is shown as it is."""
    return _say(FINDINGS, code, params, language)


def _pick(pair: tuple[str, str], language: Language) -> str:
    return pair[language == "en"]


def _say(
    catalogue: Mapping[str, tuple[str, str]], code: str, params: Mapping[str, str | int], language: Language
) -> str:
    return _pick(catalogue[code], language).format_map(params) if code in catalogue else code
