"""How a supervisor writes in the script editor: by mouse or by keys; and the water order that both build."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.pages import Screen

SUB = "Входящий звонок"


class Pen:
    """What a supervisor does in the editor, whichever hand he has on it."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.page = screen, screen.page

    def panel(self, test: str) -> Locator:
        return self.page.locator(f"[data-test=panel] [data-test={test}]")

    def saved(self) -> None:
        expect(self.screen.part("editor")).to_have_attribute("data-saving", "saved")

    def nodes(self) -> Locator:
        return self.page.locator(".svelte-flow__node")

    def begin(self, name: str) -> None:
        raise NotImplementedError

    def open(self, title: str) -> None:
        raise NotImplementedError

    def say(self, text: str) -> None:
        raise NotImplementedError

    def answer(self, text: str, to: str = "") -> None:
        raise NotImplementedError

    def field(self, label: str, kind: str = "text", choices: str = "") -> None:
        raise NotImplementedError

    def way(self, when: str, to: str) -> None:
        raise NotImplementedError

    def onward(self, to: str) -> None:
        raise NotImplementedError

    def ends(self, end: str, *, goal: bool = False) -> None:
        raise NotImplementedError

    def passes(self, script: str) -> None:
        raise NotImplementedError

    def jump(self, text: str, to: str) -> None:
        raise NotImplementedError

    def publish(self, note: str) -> None:
        raise NotImplementedError


class Mouse(Pen):
    """By pointing; words are typed into what was pointed at."""

    def begin(self, name: str) -> None:
        self.screen.part("new-script").click()
        self.screen.part("script-name").fill(name)
        self.screen.part("make-script").click()
        expect(self.nodes()).to_have_count(1)

    def open(self, title: str) -> None:
        self.screen.part("search").click()
        self.screen.part("search-words").fill(title)
        self.page.locator("[role=listbox] > [role=option]").first.click()
        expect(self.panel("title")).to_have_value(title)

    def say(self, text: str) -> None:
        self.panel("text").fill(text)

    def answer(self, text: str, to: str = "") -> None:
        self.panel("add-answer").click()
        row = self.panel("answer").last
        row.get_by_role("textbox").fill(text)
        if to:
            self._aim(row.get_by_role("combobox"), to)

    def _aim(self, box: Locator, to: str) -> None:
        box.click()
        box.fill(to)
        self.page.locator("[role=listbox] > [role=option]").first.click()

    def field(self, label: str, kind: str = "text", choices: str = "") -> None:
        self.panel("add-field").click()
        self.panel("field-label").last.fill(label)
        self.panel("field-kind").last.select_option(kind)
        if choices:
            self.panel("field-choices").last.fill(choices)
        self.panel("field-required").last.check()

    def way(self, when: str, to: str) -> None:
        self.panel("add-way").click()
        row = self.panel("way").last
        row.get_by_role("textbox").fill(when)
        self._aim(row.get_by_role("combobox"), to)

    def onward(self, to: str) -> None:
        self._aim(self.panel("next"), to)

    def ends(self, end: str, *, goal: bool = False) -> None:
        self.panel("end").select_option(end)
        self.panel("goal").set_checked(goal)

    def passes(self, script: str) -> None:
        self.panel("sub").select_option(script)

    def jump(self, text: str, to: str) -> None:
        self.screen.part("settings").click()
        self.panel("add-jump").click()
        self.panel("jump-text-0").fill(text)
        self._aim(self.panel("jump-to-0"), to)

    def publish(self, note: str) -> None:
        self.screen.part("publish").click()
        self.screen.part("note").fill(note)
        self.screen.part("publish-now").click()


class Keys(Pen):
    """By keys alone: nothing is pointed at."""

    def _to(self, test: str) -> None:
        """Tab forward until that part has the focus, as one does who sees it further on."""
        for _ in range(60):
            if self.page.evaluate("document.activeElement?.dataset.test") == test:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {test}")

    def _keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def begin(self, name: str) -> None:
        self._to("new-script")
        self._keys("Enter")
        expect(self.screen.part("script-name")).to_be_focused()
        self.page.keyboard.insert_text(name)
        self._keys("Enter")
        expect(self.nodes()).to_have_count(1)

    def open(self, title: str) -> None:
        self._keys("Control+KeyF")
        expect(self.screen.part("search-words")).to_be_focused()
        self.page.keyboard.insert_text(title)
        self._keys("Enter")
        expect(self.screen.part("scheme")).to_be_focused()
        self._keys("Enter")
        expect(self.panel("title")).to_be_focused()
        expect(self.panel("title")).to_have_value(title)

    def say(self, text: str) -> None:
        self._to("text")
        self.page.keyboard.insert_text(text)

    def answer(self, text: str, to: str = "") -> None:
        before = self.panel("answer").count()
        self._keys("Control+Enter")
        expect(self.panel("answer").nth(before).get_by_role("textbox")).to_be_focused()
        self.page.keyboard.insert_text(text)
        if to:
            self._keys("Tab", "Tab")
            self._aim(to)

    def _choose(self, value: str) -> None:
        """Down the list that has the focus."""
        steps = self.page.evaluate(
            "value => [...document.activeElement.options].findIndex(one => one.value === value)", value
        )
        self._keys(*["ArrowDown"] * steps)

    def _aim(self, to: str) -> None:
        self.page.keyboard.insert_text(to)
        expect(self.page.get_by_role("listbox")).to_be_visible()
        self._keys("Enter")

    def field(self, label: str, kind: str = "text", choices: str = "") -> None:
        self._to("add-field")
        self._keys("Enter")
        expect(self.panel("field-label").last).to_be_focused()
        self.page.keyboard.insert_text(label)
        self._to("field-kind")
        self._choose(kind)
        self._keys("Tab", "Tab")
        if choices:
            self.page.keyboard.insert_text(choices)
            self._keys("Tab")
        self._keys("Space")

    def way(self, when: str, to: str) -> None:
        self._to("add-way")
        self._keys("Enter")
        expect(self.panel("way").last.get_by_role("textbox")).to_be_focused()
        self.page.keyboard.insert_text(when)
        self._keys("Tab", "Tab", "Tab")
        self._aim(to)

    def onward(self, to: str) -> None:
        self._to("next")
        self._aim(to)

    def ends(self, end: str, *, goal: bool = False) -> None:
        self._to("goal")
        if goal:
            self._keys("Space")
        self._to("end")
        self._choose(end)

    def passes(self, script: str) -> None:
        self._to("sub")
        self._choose(script)

    def jump(self, text: str, to: str) -> None:
        self._keys("Escape", "Shift+Tab", "Shift+Tab")
        self._to("settings")
        self._keys("Enter")
        self._to("add-jump")
        self._keys("Enter")
        expect(self.panel("jump-text-0")).to_be_focused()
        self.page.keyboard.insert_text(text)
        self._keys("Tab", "Tab")
        self._aim(to)

    def publish(self, note: str) -> None:
        self._keys("Escape")
        for _ in range(20):  # backwards to the tools
            if self.page.evaluate("document.activeElement?.dataset.test") == "publish":
                break
            self._keys("Shift+Tab")
        self._keys("Enter")
        self._to("note")
        self.page.keyboard.insert_text(note)
        self._to("publish-now")
        self._keys("Enter")


def build(pen: Pen, name: str) -> None:
    """The water order: 12 blocks, two conditions, a sub-script, a jump."""
    pen.begin(name)
    pen.open("Приветствие")
    pen.say("Здравствуйте, {{client.first_name | добрый день}}! Привезти воды?")
    pen.answer("Да, слушаю", "Заказ")
    pen.answer("Перезвоните", "Перезвонить")
    pen.answer("Не интересно", "Причина отказа")
    pen.open("Заказ")
    pen.say("Сколько бутылей и куда?")
    pen.answer("Согласен")
    pen.answer("Дорого", "Возражение")
    pen.field("Бутылей", "number")
    pen.field("Доставка", "choice", "Город\nМежгород")
    pen.way("field.butyley > 9", "Опт")
    pen.way("field.dostavka == 'Межгород'", "Междугородняя")
    pen.onward("Адрес")
    for title, text in (("Опт", "От десяти бутылей скидка."), ("Междугородняя", "Доставка дольше.")):
        pen.open(title)
        pen.say(text)
        pen.onward("Адрес")
    pen.open("Адрес")
    pen.onward("Подтверждение")
    pen.passes(SUB)
    pen.open("Подтверждение")
    pen.say("Всё верно?")
    pen.answer("Всё верно", "Заказ принят")
    pen.answer("Поправить", "Заказ")
    pen.open("Заказ принят")
    pen.say("Спасибо!")
    pen.ends("end", goal=True)
    pen.open("Перезвонить")
    pen.say("Хорошо, перезвоню.")
    pen.ends("end")
    pen.open("Причина отказа")
    pen.say("Подскажите, почему?")
    pen.answer("Передумал", "Заказ")
    pen.answer("Не нужно", "Прощание")
    pen.open("Прощание")
    pen.say("До свидания!")
    pen.ends("refused")
    pen.open("Возражение")
    pen.say("Это пятнадцать рублей за литр.")
    pen.answer("Тогда ладно", "Заказ")
    pen.answer("Всё равно нет", "Прощание")
    pen.jump("Кто вы?", "Кто мы")
    pen.open("Кто мы")
    pen.say("Мы возим воду.")
    pen.onward("Назад из перехода")
