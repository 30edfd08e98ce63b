"""Any order of commands gets the replies that a model of ten lines predicts, and only whole messages arrive."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import smtp

MESSAGE = b"Subject: een\r\n\r\nhallo\r\n.\r\n"
COMMANDS = [
    "EHLO client.example",
    "HELO client.example",
    "MAIL FROM:<anna@mail.example>",
    "MAIL FROM:<>",
    "MAIL FROM:anna@mail.example",
    f"RCPT TO:<{smtp.ADDRESS}>",
    "RCPT TO:<bestaatniet@intake.example>",
    "RCPT TO:<geen adres>",
    "DATA",
    "RSET",
    "NOOP",
    "VRFY anna",
    "STARTTLS",
    "ONZIN",
]


@dataclass
class Model:
    """What RFC 5321 section 4.1.4 has a server remember."""

    greeted: bool = False
    sender: bool = False
    recipients: int = 0
    refused: bool = False
    taken: int = 0
    registered: list[str] = field(default_factory=list)

    def reply(self, command: str) -> str:
        """The code that is due, with what is remembered after it."""
        match command.split(" ", maxsplit=1)[0], command:
            case (("EHLO" | "HELO"), _):
                self.forget()
                self.greeted = True
                return "250"
            case "MAIL", _:
                return self.mail(command)
            case "RCPT", _:
                return self.rcpt(command)
            case "DATA", _:
                return "354" if self.recipients else "554" if self.refused else "503"
            case "RSET", _:
                self.forget()
                return "250"
        return {"NOOP": "250", "VRFY": "252", "STARTTLS": "454", "ONZIN": "500"}[command.split(" ", maxsplit=1)[0]]

    def mail(self, command: str) -> str:
        if "<" not in command:
            return "501"
        if not self.greeted or self.sender:
            return "503"
        self.sender = True
        return "250"

    def rcpt(self, command: str) -> str:
        if not self.sender:
            return "503"
        if " adres" in command:
            return "553"
        if smtp.ADDRESS not in command:
            self.refused = True
            self.registered.append("niet_aangewezen_adres")
            return "550"
        self.recipients += 1
        return "250"

    def forget(self) -> None:
        self.sender = self.refused = False
        self.recipients = 0


def test_every_order_of_commands_is_answered_as_the_model_says() -> None:
    intake = smtp.RecordingIntake()
    with smtp.listening(intake, smtp.settings(max_errors=1000)) as running:

        @settings(max_examples=150, deadline=None)
        @given(st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=30))
        def answered(commands: list[str]) -> None:
            model, before, refused = Model(), len(intake.arrivals), len(intake.attempts)
            with smtp.Client(running.port) as client:
                assert client.reply().startswith(b"220")
                for command in commands:
                    said, due = client.say(command)[:3].decode(), model.reply(command)
                    assert said == due, command
                    if due == "354":
                        client.send(MESSAGE)
                        assert smtp.receipt(client.reply())
                        model.taken += 1
                        model.forget()
            assert len(intake.arrivals) - before == model.taken
            assert [attempt.reason for attempt in intake.attempts[refused:]] == model.registered

        answered()
