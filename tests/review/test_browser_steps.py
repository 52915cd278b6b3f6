"""What follows a confirmed case, as officer and as command, in headless Chromium."""

import re
from datetime import UTC, datetime

import pytest

from cases.lifecycle import Role
from cases.people import DISTRICT, Account, Area
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import CHROMIUM, NOW, wait_in_page
from .test_browser import open_signed_in
from .test_uploads import jpeg

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

PHONE = {"viewport": {"width": 390, "height": 844}}
WAY = (
    ("confirm", Role.INSPECTOR),
    ("assign", Role.COMMAND),
    ("start", Role.OFFICER),
    ("feed_back", Role.OFFICER),
)


def lead(data: ReviewData, no: str, steps: int, now: datetime = NOW) -> None:
    """Take a case so many steps of the way."""
    for version, (step, role) in enumerate(WAY[:steps], 1):
        data.registry.decide(no, step, actor="Li", role=role, expected_version=version, now=now)


@pytest.fixture
def people(data: ReviewData, monkeypatch) -> ReviewData:
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    for name, role, area in (
        ("zhang", Role.OFFICER, Area("沙岸镇", "东塘村")),
        ("li", Role.COMMAND, DISTRICT),
    ):
        data.accounts.add(Account(name=name, display_name=name, roles=(role,), area=area), PASSWORD)
    return data


def file_of(colour: int) -> dict[str, object]:
    return {"name": f"IMG_{colour}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(colour)}


def test_an_officer_is_asked_once_and_goes_on_to_the_next(chromium, people, address):
    first, second = (case.case_no for case in people.registry.cases()[:2])
    for no in (first, second):
        lead(people, no, 3)
    page = open_signed_in(chromium, address, "zhang", **PHONE)
    page.locator(".case").first.click()
    page.locator(".case-head .number").wait_for()
    open_no = page.locator(".case-head .number").inner_text()
    following = second if open_no == first else first
    page.get_by_role("button", name="Feed back: done").first.click()
    asked = page.get_by_role("dialog")
    asked.get_by_role("heading", name=f"Is {open_no} handled?").wait_for()
    asked.get_by_text("No photo was added").wait_for()
    assert people.registry.case(open_no).stage == "handling"
    asked.locator(".add-photo input").set_input_files([file_of(90), file_of(120), file_of(150)])
    asked.get_by_text("3 photos were added.").wait_for()
    assert asked.locator(".added-photos img").count() == 3
    asked.get_by_label("Note (optional)").fill("pulled down")
    asked.get_by_role("button", name="Feed back: done").click()
    page.get_by_text(f"{open_no}: Fed back.").wait_for()
    page.locator(".case-head .number", has_text=following).wait_for()
    told = people.registry.history(open_no)[-1]
    assert (told.action, told.details["reason"]) == ("feed_back", "pulled down")
    page.get_by_role("button", name="Feed back: done").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Feed back: done").click()
    page.get_by_text("No case of this choice").wait_for()  # the list again: nothing is left
    page.context.close()


def test_a_photo_that_is_none_says_how_many_were_added_before(chromium, people, address):
    no = people.registry.cases()[0].case_no
    lead(people, no, 3)
    page = open_signed_in(chromium, address, "zhang", **PHONE)
    page.locator(".case").first.click()
    broken = {"name": "IMG_2.jpg", "mimeType": "image/jpeg", "buffer": jpeg()[:900]}
    page.locator(".pane.info .add-photo input").set_input_files([file_of(90), broken, file_of(99)])
    page.get_by_text("1 of 3 photos were added, then:").wait_for()
    page.locator('.timeline img[alt="Photo from the place"]').wait_for()
    assert [event.action for event in people.registry.history(no)].count("photo") == 1
    page.context.close()


def test_command_sees_the_photos_from_the_place_and_what_waits(chromium, people, address):
    to_send, fed_back = (case.case_no for case in people.registry.cases()[:2])
    lead(people, to_send, 1)
    lead(people, fed_back, 3)
    officer = open_signed_in(chromium, address, "zhang", **PHONE)
    officer.locator(".case").first.click()
    officer.locator(".pane.info .add-photo input").set_input_files(file_of(90))
    officer.get_by_text(f"Photo added to {fed_back}.").wait_for()
    officer.get_by_role("button", name="Feed back: done").first.click()
    officer.get_by_role("dialog").get_by_role("button", name="Feed back: done").click()
    officer.get_by_text(f"{fed_back}: Fed back.").wait_for()
    officer.context.close()
    page = open_signed_in(chromium, address, "li")
    page.locator(".photo .number", has_text=fed_back).wait_for()  # first of both
    assert page.locator(".case").count() == 2
    placed = page.get_by_role("button", name="Photo from the place, zhang")
    placed.click()
    notes = page.locator(".photo-notes")
    notes.get_by_text("added by zhang").wait_for()
    notes.get_by_text("taken 2026-06-10 16:20:11 by the phone's clock").wait_for()
    shown = "() => document.querySelector('.viewer .canvas').ariaLabel.startsWith('Photo from')"
    wait_in_page(page, shown)
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Photo 1 of 1").and_(page.locator("[aria-current]")).wait_for()
    page.locator(".actions").get_by_role("button", name="Verified: close").click()
    page.get_by_text(f"{fed_back}: Closed.").wait_for()
    page.locator(
        ".photo:not(.waiting) .number", has_text=to_send
    ).wait_for()  # none to verify is left
    page.context.close()


def test_closing_goes_on_to_the_next_that_was_fed_back(chromium, people, address):
    to_send, *fed_back = (case.case_no for case in people.registry.cases()[:3])
    lead(people, to_send, 1)
    for no in fed_back:
        lead(people, no, 4)
    page = open_signed_in(chromium, address, "li")
    close = page.locator(".actions").get_by_role("button", name="Verified: close")
    close.wait_for()
    opened = page.locator(".photo .number").inner_text()
    [following] = (no for no in fed_back if no != opened)
    close.click()
    page.locator(".photo:not(.waiting) .number", has_text=following).wait_for()
    close.wait_for()
    page.context.close()


def contrast_of(button) -> float:
    """Of a button's words with its ground, as WCAG 2 defines it."""
    colours = button.evaluate(
        "button => [getComputedStyle(button).color, getComputedStyle(button).backgroundColor]"
    )
    lights = []
    for colour in colours:
        shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_a_step_can_be_read_while_the_pointer_is_on_it(chromium, people, address):
    lead(people, people.registry.cases()[0].case_no, 1)
    page = open_signed_in(chromium, address, "li")
    send = page.locator(".actions").get_by_role("button", name="Send out")
    send.wait_for()
    resting = contrast_of(send)
    send.hover()
    assert min(resting, contrast_of(send)) > 4
    page.context.close()


def test_a_note_is_not_lost_where_nothing_answers(chromium, people, address):
    no = people.registry.cases()[0].case_no
    lead(people, no, 3)
    page = open_signed_in(chromium, address, "zhang", **PHONE)
    page.locator(".case").first.click()
    feed_back = page.get_by_role("button", name="Feed back: done")
    feed_back.first.click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Note (optional)").fill("pulled down")
    page.context.set_offline(True)
    asked.get_by_role("button", name="Feed back: done").click()
    page.get_by_text("Nothing was saved; try again when the server answers.").wait_for()
    assert page.get_by_text("The server does not answer.").count() == 1
    assert people.registry.case(no).stage == "handling"
    page.context.set_offline(False)
    page.get_by_text("The server does not answer.").wait_for(state="detached")
    feed_back.first.click()
    assert asked.get_by_label("Note (optional)").input_value() == "pulled down"
    asked.get_by_role("button", name="Feed back: done").click()
    page.get_by_text(f"{no}: Fed back.").wait_for()
    assert people.registry.history(no)[-1].details["reason"] == "pulled down"
    page.context.close()


def test_another_role_begins_with_what_waits_for_it(chromium, people, address):
    both = Account(name="both", display_name="both", roles=(Role.INSPECTOR, Role.COMMAND))
    people.accounts.add(both, PASSWORD)
    confirmed = people.registry.cases()[0].case_no
    lead(people, confirmed, 1)
    page = open_signed_in(chromium, address, "both")
    page.wait_for_selector(".actions .confirm:not([disabled])")
    reviewed = page.locator(".photo .number").inner_text()
    stage = page.get_by_label("Stage")

    def act_as(role: str) -> None:
        page.locator(".person").click()
        page.get_by_label(role).click()
        page.get_by_role("dialog").wait_for(state="detached")

    act_as("Command centre")
    page.locator(".photo:not(.waiting) .number", has_text=confirmed).wait_for()  # has a step here
    assert stage.input_value() == "for_command"
    act_as("Inspector")
    page.locator(".case", has_text="seen").first.wait_for()
    assert stage.input_value() == "reported"
    page.locator(
        ".photo:not(.waiting) .number", has_text=confirmed
    ).wait_for()  # may be rejected yet
    assert reviewed != confirmed
    page.context.close()


def test_sending_out_goes_on_and_nothing_harmful_takes_its_place(chromium, people, address):
    first, second = (case.case_no for case in people.registry.cases()[:2])
    for no in (first, second):
        lead(people, no, 1, datetime.now(UTC))
    page = open_signed_in(chromium, address, "li")
    send = page.locator(".actions").get_by_role("button", name="Send out")
    send.wait_for()
    assert page.get_by_role("button", name="Press: overdue").count() == 0
    opened = page.locator(".photo .number").inner_text()
    following = second if opened == first else first
    box = send.bounding_box()
    page.keyboard.press("a")
    page.get_by_text(f"{opened}: Assigned.").wait_for()
    page.locator(".photo:not(.waiting) .number", has_text=following).wait_for()
    assert send.bounding_box() == box
    page.get_by_label("Stage").select_option("assigned")
    page.locator(".photo:not(.waiting) .number", has_text=opened).wait_for()
    suspend = page.locator(".actions").get_by_role("button", name="Suspend").bounding_box()
    assert suspend["x"] >= box["x"] + box["width"]
    page.context.close()


def test_what_is_overdue_can_be_pressed(chromium, people, address):
    no = people.registry.cases()[0].case_no
    lead(people, no, 1)
    page = open_signed_in(chromium, address, "li")
    page.locator(".facts-list", has_text="overdue").wait_for()
    page.locator(".actions").get_by_role("button", name="Press: overdue").wait_for()
    page.context.close()
