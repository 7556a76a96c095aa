"""Scripts, values and moves for property tests. Scripts are sound by construction: `check` finds no error."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from dialer.scripts.actions import (
    Action,
    Callback,
    CreateTask,
    DealStage,
    DoNotCall,
    Exclude,
    HandOver,
    Message,
    Part,
    SetField,
    WebHook,
)
from dialer.scripts.model import (
    RETURN,
    Answer,
    Block,
    Ending,
    Field,
    FieldKind,
    Jump,
    Script,
    Task,
    Tone,
    Way,
)
from dialer.scripts.placeholders import NAMES
from dialer.scripts.run import Back, Give, Go, JumpTo, Move, NoneFits, Return
from dialer.scripts.view import BlockView

KINDS: tuple[FieldKind, ...] = (
    "text",
    "number",
    "money",
    "date",
    "time",
    "choice",
    "choices",
    "yes_no",
    "phone",
    "email",
    "reference",
)

GOOD: dict[str, list[Any]] = {
    "text": ["слово", "two words", "{{client.name}}"],
    "number": ["12", "3,5", -2, 7.25, "1 000"],
    "money": ["99.90", 100, "1250,5"],
    "date": ["2026-12-25", "1.2.2027"],
    "time": ["9:05", "23:59"],
    "choice": ["a"],
    "choices": [["b", "a"], ["a"]],
    "yes_no": [True, False],
    "phone": ["+7 (912) 345-67-89", "112"],
    "email": ["anna@example.org"],
    "reference": ["12 Анна", "7"],
}

# A script has dozens of lines: some of any letters at all, the others words that YAML and placeholders might mind.
WORDS = [
    "Здравствуйте!",
    "Yes",
    "no",
    "12",
    "null",
    "a: b",
    "- c",
    "#d",
    "'",
    '"',
    "e\u00a0…",
    "(f)",
    "😀 g",
    "~",
]
_any_line = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf", "Cn", "Co")), min_size=1, max_size=20
).map(lambda text: text.strip().replace("{", "(").replace("}", ")") or "x")
_words = st.sampled_from(WORDS)
lines = st.one_of(_words, _words, _words, _any_line)
texts = st.lists(lines, min_size=1, max_size=4).map("\n\n".join) | st.lists(lines, max_size=3).map("\n".join)
tones: st.SearchStrategy[Tone] = st.sampled_from(["positive", "neutral", "negative"])
dispositions = st.sampled_from(["", "", "sale", "call_back", "refused_no_need"])
templates = st.lists(
    lines | st.sampled_from(sorted(NAMES)).map(lambda name: "{{" + name + "}}"), min_size=1, max_size=4
).map(" ".join)


@st.composite
def fields(draw: st.DrawFn, field_id: str) -> Field:
    kind = draw(st.sampled_from(KINDS))
    default = draw(st.sampled_from(["", "", "{{client.name}}"])) if kind == "text" else ""
    return Field(
        id=field_id,
        label=draw(lines),
        kind=kind,
        required=draw(st.booleans()),
        choices=("a", "b") if kind in ("choice", "choices") else (),
        of="client" if kind == "reference" else "",
        default=default,
    )


CONDITIONS = st.sampled_from(
    [
        "true",
        "client.city == 'Тверь'",
        "campaign.name.size() > 3 || client.name == null",
        "!(client.city in ['x'])",
    ]
)


whens = st.just("") | CONDITIONS
minutes = st.integers(1, 10_000)
somebody = st.sampled_from([{"to": "anna"}, {"role": "supervisor"}])
actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(
        SetField,
        field=st.sampled_from(["client.city", "client.fields.Floor", "deal.title", "deal.fields.x"]),
        value=templates,
        when=whens,
    ),
    st.builds(DealStage, stage=templates, close=st.booleans(), when=whens),
    st.builds(CreateTask, text=templates, minutes=st.just(0) | minutes, role=st.sampled_from(["", "admin"])),
    st.builds(Callback, minutes=minutes, when=whens),
    st.builds(DoNotCall, reason=st.just("") | templates),
    st.builds(Exclude, everywhere=st.booleans()),
    st.builds(lambda whom, text: HandOver(**whom, text=text), somebody, templates),
    st.builds(lambda whom, text: Message(**whom, text=text), somebody, templates),
    st.builds(
        WebHook,
        hook=st.just("crm"),
        body=st.lists(st.sampled_from("abc"), unique=True).flatmap(
            lambda keys: st.tuples(*(st.builds(Part, key=st.just(key), value=templates) for key in keys))
        ),
        when=whens,
    ),
)
action_lists = st.just(()) | st.lists(actions, max_size=3).map(tuple)


def _ways(targets: list[str]) -> st.SearchStrategy[tuple[Way, ...]]:
    return st.lists(st.builds(Way, when=CONDITIONS, to=st.sampled_from(targets)), max_size=2).map(tuple)


@st.composite
def _block(draw: st.DrawFn, block_id: str, targets: list[str], must: list[str]) -> Block:
    """A block with arrows to `must` at least, and to some of `targets`."""
    number = max(len(must), draw(st.integers(1, 4)))
    to = [*must, *draw(st.lists(st.sampled_from(targets), min_size=number, max_size=number))][:number]
    answers = tuple(
        Answer(
            id=f"a{at}",
            text=draw(lines),
            to=target,
            tone=draw(tones),
            disposition=draw(dispositions),
            needs_fields=draw(st.booleans()),
            actions=draw(action_lists),
        )
        for at, target in enumerate(to)
    )
    follows = draw(st.sampled_from(["", *targets]))
    shape = draw(st.integers(0, 5))
    if shape == 0 and len(must) <= 1:  # nothing to choose, perhaps nothing to say at all
        forward = must[0] if must else targets[-1]
        text = draw(texts) if draw(st.booleans()) or forward == RETURN else ""
        return Block(
            id=block_id,
            text=text,
            ways=draw(_ways(targets)),
            next=forward,
            stage=draw(st.sampled_from(["", "one", "two"])),
            actions=draw(action_lists),
        )
    return Block(
        id=block_id,
        title=draw(lines | st.just("")),
        stage=draw(st.sampled_from(["", "one", "two", "three"])),
        text=draw(templates),
        hint=draw(st.just("") | templates),
        fields=tuple(draw(fields(f"{block_id}_f{at}")) for at in range(draw(st.integers(0, 2)))),
        answers=answers,
        ways=draw(_ways(targets)) if follows else (),
        next=follows,
        goal=draw(st.booleans()),
        pause_recording=draw(st.booleans()),
        disposition=draw(dispositions),
        actions=draw(action_lists),
    )


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """A main line b0..bN that ends in bN, and blocks j0..jM that only jumps lead to."""
    size = draw(st.integers(2, 7))
    main = [f"b{at}" for at in range(size)]
    must: dict[str, list[str]] = {block: [] for block in main}
    for at in range(1, size):  # each has a way in from an earlier one, and a way on to a later one
        must[f"b{draw(st.integers(max(0, at - 2), at - 1))}"].append(f"b{at}")
    blocks = [draw(_block(block, main[at + 1 :], must[block])) for at, block in enumerate(main[:-1])]
    blocks = [draw(_looped(block, main)) for block in blocks]
    ending: Ending = draw(st.sampled_from(["end", "refused"]))
    blocks.append(Block(id=main[-1], text=draw(texts), end=ending, disposition=draw(dispositions), goal=True))
    blocks = _without_early_actions(blocks)
    aside = [f"j{at}" for at in range(draw(st.integers(0, 3)))]
    blocks += [draw(_block(block, [*main, RETURN], [])) for block in aside]
    jumped = [*aside, *draw(st.lists(st.sampled_from(main), max_size=1))]
    return Script(
        name=draw(lines),
        about=draw(texts),
        language=draw(st.sampled_from(["ru", "en"])),
        start="b0",
        haste=draw(st.sampled_from(["", "mark"])),
        pace=draw(st.integers(1, 100)),
        mode=draw(st.sampled_from(["strict", "free"])),
        scheme_visible=draw(st.booleans()),
        call_needed=draw(st.booleans()),
        keep_log=draw(st.booleans()),
        tasks=tuple(Task(id=f"t{at}", text=draw(lines)) for at in range(draw(st.integers(0, 2)))),
        common=tuple(draw(fields(f"c{at}")) for at in range(draw(st.integers(0, 1)))),
        jumps=tuple(Jump(id=f"q{at}", text=draw(lines), to=to) for at, to in enumerate(jumped)),
        blocks=tuple(blocks),
    )


def _without_early_actions(blocks: list[Block]) -> list[Block]:
    """Those that a run may pass before its first step have none: `check` refuses them."""
    reached, found = {"b0"}, []
    for block in blocks:  # the arrows of automatic ones lead to later ones only
        early = block.automatic and block.id in reached
        reached |= {block.next, *(way.to for way in block.ways)} if early else set()
        found.append(msgspec.structs.replace(block, actions=()) if early else block)
    return found


@st.composite
def _looped(draw: st.DrawFn, block: Block, main: list[str]) -> Block:
    """Perhaps with one more answer, that may lead backwards or follow the default arrow."""
    if not block.answers:
        return block
    to = draw(st.sampled_from([*main, ""] if block.next else main))
    return Block(
        **{name: getattr(block, name) for name in block.__struct_fields__ if name != "answers"},
        answers=(*block.answers, Answer(id="more", text=draw(lines), to=to)),
    )


typed = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=30)
    | st.lists(st.text(max_size=5), max_size=3)
    | st.sampled_from([value for values in GOOD.values() for value in values])
)
filled = st.dictionaries(st.sampled_from(["0", "1", "2", "0", "1", "2", "?"]), typed, max_size=3)
moves: st.SearchStrategy[Move] = st.one_of(
    st.builds(Give, answer=st.sampled_from(["0", "1", "2", "3", "4", "?"]), fields=filled),
    st.builds(Give, answer=st.sampled_from(["0", "1", "2", "3", "4"]), fields=st.just({"all": True})),
    st.builds(NoneFits, note=st.text(max_size=20), fields=filled),
    st.builds(JumpTo, jump=st.sampled_from(["q0", "q1", "q2", "q3"]), fields=filled),
    st.builds(Go, block=st.sampled_from(["b0", "b1", "b2", "b5", "j0", "j1", "?"]), fields=filled),
    st.just(Return()),
    st.just(Back()),
)
"""Numbers stand for answers and fields of the block that is shown: `fitted` puts their ids there."""


def fitted(made: Move, shown: BlockView) -> Move:
    fields: dict[str, Any] = {}
    for at, value in made.fields.items():
        if at == "all":
            fields |= {field.id: GOOD[field.kind][0] for field in shown.fields}
        elif at == "?":
            fields["nobody"] = value
        elif shown.fields:
            fields[shown.fields[int(at) % len(shown.fields)].id] = value
    if isinstance(made, Give):
        known = made.answer.isdigit() and shown.answers
        answer = shown.answers[int(made.answer) % len(shown.answers)].id if known else made.answer
        return Give(answer=answer, fields=fields)
    return msgspec.structs.replace(made, fields=fields)
