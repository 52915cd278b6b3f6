"""EDGE: the sender: hands alerts over, several at once, and writes down what became of them.

It may be killed at any moment. What it had in hand is then handed over again by the next sender,
with the same key and the same words; so a gateway that knows keys gets each alert once, and at one
that does not, at most what was in hand at the moment of the kill can come twice.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from cases.categories import Category
from dispatch.alerts import Message, Outcome, State
from dispatch.carriers import Carrier, Clock
from dispatch.errors import DeliveryError
from dispatch.expanding import Rules
from dispatch.outbox import Outbox
from dispatch.policies import Channel
from geo.tracing import follow, is_followed

_LEASE = timedelta(minutes=10)
"""Far longer than any carrier may take; a sender that starts takes the last one's over at once."""

REMIND_EVERY = timedelta(minutes=1)

_POLL_S = 0.25
_TURN_S = 0.05


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a sender works with.

    Attributes:
        remind: writes what nobody did but what is told of, such as that a case is overdue; asked
            at the start and then every REMIND_EVERY.
        tell: says what became of each alert that was handed over.
    """

    outbox: Outbox
    rules: Rules
    categories: Mapping[str, Category]
    carriers: Mapping[Channel, Carrier]
    clock: Clock
    remind: Callable[[datetime], object] = lambda _now: None
    tell: Callable[[Message, Outcome], object] = lambda _message, _outcome: None


class Sender:
    """Sends the alerts of one registry, the only one that does."""

    def __init__(self, equipment: Equipment, *, workers: int = 16) -> None:
        self._with = equipment
        self._workers = workers
        self._in_hand: dict[Future[str], Message] = {}
        self._reminded_at: datetime | None = None

    def run(self, stop: Event) -> None:
        """Send until `stop` is set; what is in hand then is finished first."""
        with ThreadPoolExecutor(self._workers, thread_name_prefix="alert") as pool:
            while not stop.is_set():
                if not self._turn(pool):
                    stop.wait(_POLL_S)
            self._finish()

    def drain(self, stop: Event) -> None:
        """Send until nothing is left, retries included, or `stop` is set."""
        with ThreadPoolExecutor(self._workers, thread_name_prefix="alert") as pool:
            while not stop.is_set():
                if self._turn(pool):
                    continue
                ready_at = self._with.outbox.next_ready()
                if ready_at is None:
                    break
                left_s = (ready_at - self._with.clock()).total_seconds()
                stop.wait(min(max(left_s, 0.01), _POLL_S))
            self._finish()

    def _turn(self, pool: ThreadPoolExecutor) -> bool:
        """Make, take, hand over and settle what there is; whether there was anything."""
        now = self._with.clock()
        if self._reminded_at is None or now - self._reminded_at >= REMIND_EVERY:
            self._with.remind(now)
            self._reminded_at = now
        read = self._with.outbox.refresh(self._with.rules, now)
        free = 4 * self._workers - len(self._in_hand)
        messages = self._with.outbox.claim(
            self._with.rules, self._with.categories, limit=free, lease=_LEASE, now=now
        )
        for message in messages:
            self._in_hand[pool.submit(self._hand_over, message)] = message
        if self._in_hand:
            self._settle(timeout_s=_TURN_S)
        return bool(read or messages or self._in_hand)

    def _settle(self, timeout_s: float | None) -> None:
        done, _ = wait(self._in_hand, timeout=timeout_s, return_when=FIRST_COMPLETED)
        messages = [self._in_hand.pop(future) for future in done]
        outcomes = [
            self._outcome(message, future) for message, future in zip(messages, done, strict=True)
        ]
        self._with.outbox.settle(self._with.rules, outcomes, self._with.clock())
        for message, outcome in zip(messages, outcomes, strict=True):
            self._with.tell(message, outcome)
        self._follow(messages, outcomes)

    def _follow(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        """Write down of the photos of alerts what became of these, where anybody asked."""
        if not is_followed():
            return
        photos = self._with.outbox.photos_of([message.alert_id for message in messages])
        for message, outcome in zip(messages, outcomes, strict=True):
            follow(
                "alert",
                photos[message.alert_id],
                alert=message.key,
                channel=message.channel.value,
                state=outcome.state.value,
            )

    def _finish(self) -> None:
        while self._in_hand:
            self._settle(timeout_s=None)

    def _hand_over(self, message: Message) -> str:
        """Hand an alert over and give its receipt; in a thread of the pool."""
        carrier = self._with.carriers.get(message.channel)
        if carrier is None:
            raise DeliveryError(
                f"no carrier for {message.channel.value} in the settings", is_final=True
            )
        if message.is_repeat and carrier.in_doubt == "stop":
            raise DeliveryError(
                "in doubt: its sender was killed, and may have handed it over", is_final=True
            )
        return carrier.hand_over(message)

    def _outcome(self, message: Message, handed: Future[str]) -> Outcome:
        """What became of an alert; one that breaks a library's code does not stop the others."""
        error = handed.exception()
        if error is None:
            return Outcome(message.alert_id, State.DELIVERED, receipt=handed.result())
        if isinstance(error, DeliveryError):
            return self._refused(message, error)
        odd = DeliveryError(f"{type(error).__name__}: {error}", is_in_doubt=True)
        return self._refused(message, odd)

    def _refused(self, message: Message, error: DeliveryError) -> Outcome:
        settings = self._with.rules.settings
        if error.is_final or message.attempts >= settings.attempts:
            return _dead(message, str(error))
        if error.is_in_doubt and self._with.carriers[message.channel].in_doubt == "stop":
            return _dead(message, f"in doubt: {error}")
        later = self._with.clock() + settings.retry_after(message.attempts, message.key)
        return Outcome(message.alert_id, State.WAITING, error=str(error), retry_at=later)


def _dead(message: Message, why: str) -> Outcome:
    return Outcome(message.alert_id, State.DEAD, error=why)
