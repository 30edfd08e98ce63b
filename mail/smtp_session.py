"""One SMTP connection: an intake-only server that says yes only after the receipt exists (P1).

Built on aiosmtpd's `SMTP` protocol class: connection, session, envelope and dispatch are its own; the command
loop, the commands and above all DATA are ours, because the stock ones keep whole messages in memory, cut off
slow senders, and turn our failures into permanent ones.

Rule 1: 250 after DATA only when `Intake.accept` has returned; whatever fails on our side is 4xx.
Rule 2: spooling is done in the event loop, block by block; keeping, committing and registering in threads.
Rule 3: who is turned away for what he hands in is registered first and told after that.
Rule 4: the mail log gets identifiers only: no addresses, no content.
"""

import asyncio
import logging
import math
import secrets
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import AnyStr, Final, cast

from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as Transaction

from gateway.core.errors import TryLater
from gateway.core.model import Arrival, Envelope, RefusedAttempt
from gateway.core.words import Channel, Reason
from gateway.ports import Incoming
from mail import codes, smtp_syntax
from mail.smtp_data import BLOCK_BYTES, Body, End, Fault, Pace, Receiver
from mail.smtp_shared import Shared, customer
from mail.smtp_syntax import BadCommand, Command

_diagnostics = logging.getLogger(__name__)

# A command line without an end is read on this far, to answer it; after that the connection is closed.
_ENDLESS_COMMAND_BYTES: Final = 1 << 16
# These need no TLS first (RFC 3207 section 4), and HELO so that an old client hears what it needs.
_BEFORE_TLS: Final = frozenset({"EHLO", "HELO", "NOOP", "QUIT", "STARTTLS"})
# How many commands of one connection are served before it is the next one's turn; a message resets the count.
_TURN: Final = 8
# What is taken from the socket and not yet looked at, before no more is taken: one TLS record.
_TLS_AHEAD_BYTES: Final = 1 << 14
# What the kernel keeps for each of a crowd: with half of it a third of the rate is left, with twice as much the longest
# tick of the loop goes from 40 to 60 ms (200 senders).
_CROWD_BYTES: Final = 1 << 15
# Replies that say "no" without the client having done anything wrong.
_NOT_AN_ERROR: Final = frozenset({"451", "452", "454"})

_REASONS: Final[Mapping[Fault, Reason]] = {
    Fault.TOO_LARGE: Reason.TOO_LARGE,
    Fault.BARE_NEWLINE: Reason.UNREADABLE,
    Fault.NUL: Reason.UNREADABLE,
    Fault.LINE_TOO_LONG: Reason.UNREADABLE,
}


class _NoHooks:
    """A handler without hooks; see `GatewaySMTP.__dir__`."""

    def __dir__(self) -> Sequence[str]:
        return ()


_NO_HOOKS: Final = _NoHooks()


class GatewaySMTP(SMTP):
    """One connection.

    `client` is whom a believed proxy named, if it was one that connected. With `implicit_tls` TLS starts
    before the first word (RFC 8314 section 3.3).
    """

    def __init__(self, shared: Shared, *, client: str | None = None, implicit_tls: bool = False) -> None:
        settings = shared.settings
        # aiosmtpd takes this as the limit of its reader; message lines do not go through that one here.
        self.line_length_limit = settings.max_command_bytes
        super().__init__(
            _NO_HOOKS,
            data_size_limit=settings.max_message_bytes,
            enable_SMTPUTF8=True,
            hostname=settings.hostname,
            ident="ESMTP",
            timeout=settings.idle_seconds,
            loop=asyncio.get_running_loop(),
        )
        self._shared = shared
        self._settings = settings
        self._peer = client or ""
        self._implicit_tls = implicit_tls
        self._admitted = False
        self._helo = ""
        self._extended = False
        self._tls = ""
        self._refused_recipients = False
        self._errors = 0
        self._commands = 0
        self._busy = False
        self._committing = False
        self._over = False
        self._waiting_since = math.inf

    def __dir__(self) -> Sequence[str]:
        """Nothing: aiosmtpd's constructor looks for commands by reading every attribute, which takes 0.4 ms."""
        return ()

    # ---- the connection ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._peer = self._peer or str((transport.get_extra_info("peername") or ("",))[0])
        self._admitted = self._shared.admit(self, self._peer)
        super().connection_made(transport)
        assert self._handler_coroutine is not None
        self._shared.wait_for(self._handler_coroutine)
        if self._implicit_tls:
            # What comes now is a handshake, and not for our reader. (uvloop starts to read all the same, so a
            # listener with implicit TLS needs asyncio's own loop.)
            self._wire().pause_reading()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - why makes no difference
        self._over = True
        if self.transport is not None:
            self.transport = None
            self._shared.forget(self, self._peer)
            if self._timeout_handle is not None:
                self._timeout_handle.cancel()
            # Not aiosmtpd's own, which cancels the handler: a commit that is going on is waited for (rule 1), and
            # everything else ends by itself when nothing more can come.
            asyncio.StreamReaderProtocol.connection_lost(self, None)

    def eof_received(self) -> bool:
        """A client that has said all it had to say still gets its replies; aiosmtpd would stop at once."""
        self._reader.feed_eof()
        return not self._tls

    def shut_down(self) -> None:
        """End as soon as no message is coming in and no handshake is going on."""
        if not self._busy:
            self._say_goodbye("shutting_down")

    def give_way(self) -> bool:
        """End for somebody who holds fewer places; False while a message waits for its commit."""
        if self._committing:
            return False
        self._log("smtp_gave_way")
        if self._busy:
            self.cut_off()
        else:
            self._say_goodbye("too_many_connections")
        return True

    def cut_off(self) -> None:
        """End now."""
        self._over = True
        if self.transport is not None:
            self._wire().abort()

    def _reset_timeout(self, duration: float | None = None) -> None:
        # Setting a timer for each command costs more than looking, when it ends, whether it was too early.
        self._waiting_since = self.loop.time()
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_later(duration or self._timeout_duration, self._timeout_cb)

    def _timeout_cb(self) -> None:
        left = self._waiting_since + self._timeout_duration - self.loop.time()
        if left <= 0:
            self._say_goodbye("too_slow")
        else:
            self._timeout_handle = self.loop.call_later(min(left, self._timeout_duration), self._timeout_cb)

    def _say_goodbye(self, name: str) -> None:
        if not self._over and self.transport is not None:
            self._over = True
            self._log("smtp_closed", why=name)
            self._writer.write(self._reply(name).encode() + b"\r\n")
            self.transport.close()

    def _stop_timer(self) -> None:
        self._waiting_since = math.inf

    # ---- the command loop ----------------------------------------------------------------------------

    async def _handle_client(self) -> None:
        """Serve the connection until it ends. Never raises but for cancellation."""
        try:
            await self._welcome()
            while not self._over:
                await self._serve_command()
        except (ConnectionError, asyncio.IncompleteReadError):
            self._over = True
        finally:
            if self.transport is not None:
                self.transport.close()

    async def _welcome(self) -> None:
        turned_away = not self._admitted or self._shared.closing
        if self._implicit_tls:
            if turned_away:
                # In clear text the client could not read why, and a handshake costs more than he is worth now.
                self.cut_off()
                return
            await self._shake_hands()
        if not self._admitted:
            self._say_goodbye("too_many_connections")
        elif self._shared.closing:
            self._say_goodbye("shutting_down")
        elif not self._over:
            await self._answer("greeting")

    async def push(self, status: AnyStr) -> None:
        """Send a reply. Raises ConnectionError when the client has gone; uvloop would call that our mistake."""
        if self._wire().is_closing():
            raise ConnectionResetError("the client hung up")
        await super().push(status)

    async def _serve_command(self) -> None:
        self._reset_timeout()
        try:
            await self._run(await self._next_command())
        except BadCommand as bad:
            await self._answer(bad.reply, **bad.values)
        except (ConnectionError, asyncio.IncompleteReadError):
            raise
        except Exception as error:  # noqa: BLE001 - the edge: one place that turns failures into a reply
            await self.push(await self.handle_exception(error))
        if not self._commands % _TURN:
            # Commands that came in one packet are served without waiting: others get their turn in between.
            await asyncio.sleep(0)
        if self._shared.closing:
            self._say_goodbye("shutting_down")
        elif self._errors >= self._settings.max_errors:
            self._say_goodbye("too_many_errors")

    async def _next_command(self) -> Command:
        """The next command. Raises BadCommand, or IncompleteReadError when the client is done."""
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as overrun:
            await self._skip_line(overrun.consumed)
            raise BadCommand("line_too_long") from None
        return smtp_syntax.command(line)

    async def _skip_line(self, consumed: int) -> None:
        skipped = 0
        while True:
            skipped += len(await self._reader.readexactly(consumed))
            if skipped >= _ENDLESS_COMMAND_BYTES:
                self._say_goodbye("endless")
                return
            try:
                await self._reader.readuntil(b"\n")
                return
            except asyncio.LimitOverrunError as overrun:
                consumed = overrun.consumed

    async def _run(self, command: Command) -> None:
        self._commands += 1
        if self._over:
            return
        if self._commands > self._settings.max_commands:
            self._say_goodbye("too_many_commands")
        elif command.is_foreign:
            self._say_goodbye("not_smtp")
        elif (method := _COMMANDS.get(command.verb)) is None:
            await self._answer("unknown_command")
        elif self._settings.require_tls and not self._tls and command.verb not in _BEFORE_TLS:
            await self._answer("tls_first")
        else:
            await method(self, command.argument)

    async def handle_exception(self, error: Exception) -> str:
        """The reply to a failure of ours: always 451 (aiosmtpd's own is 500 with the text of the error)."""
        self._log_trouble(error)
        return self._reply("try_later")

    async def _answer(self, name: str, **values: object) -> None:
        reply = self._reply(name, **values)
        if reply[0] in "45" and reply[:3] not in _NOT_AN_ERROR:
            self._errors += 1
        await self.push(reply)

    def _reply(self, name: str, **values: object) -> str:
        return self._shared.reply(name, **values)

    # ---- commands ------------------------------------------------------------------------------------

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802 - as in aiosmtpd; see _COMMANDS
        self._hello(smtp_syntax.hello(hostname, "HELO"), extended=False)
        await self._answer("helo")

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        self._hello(smtp_syntax.hello(hostname, "EHLO"), extended=True)
        # SIZE without a number (RFC 1870 section 4): who knows the limit turns the sender away himself, in his own
        # words, and we could not prove the attempt. So he asks, with MAIL, and hears what to do (decision 0009).
        extensions = ["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self._settings.tls is not None and not self._tls:
            extensions.append("STARTTLS")
        await self.push(codes.ehlo_reply(self._settings.hostname, [*extensions, "HELP"]))

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        """What was said before TLS does not hold after it (RFC 3207 section 4.2); nothing may follow."""
        if arg:
            raise BadCommand("syntax", syntax="STARTTLS")
        if self._tls:
            raise BadCommand("tls_already")
        if self._settings.tls is None:
            raise BadCommand("tls_unavailable")
        self._wire().pause_reading()
        if self._read_ahead():
            # Commands somebody put into the clear text, to be run as if they came over TLS (CVE-2024-34083).
            self._say_goodbye("out_of_step")
            return
        await self._answer("start_tls")
        await self._shake_hands()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        address, parameters = smtp_syntax.path(arg or "", "FROM:")
        if not self._helo:
            raise BadCommand("say_hello")
        if self._mail().mail_from is not None:
            raise BadCommand("one_at_a_time")
        size = self._check_parameters(parameters)
        utf8 = "SMTPUTF8" in parameters
        # A bounce has the null sender; it is taken like any other message (RFC 5321 section 4.5.5).
        if address and (fault := smtp_syntax.address_fault(address, utf8=utf8, bad="bad_sender")):
            raise BadCommand(fault)
        if size > self._settings.max_message_bytes:
            await self._register(Reason.TOO_LARGE, "", Envelope(address, (), self._peer, self._helo, self._tls), size)
            raise BadCommand("too_large")
        if not self._shared.has_room(size):
            self._log("smtp_try_later", error="disk_full")
            raise BadCommand("no_room")
        self._mail().mail_from = address
        self._mail().smtp_utf8 = utf8
        await self._answer("sender_ok")

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        address, parameters = smtp_syntax.path(arg or "", "TO:")
        mail = self._mail()
        if mail.mail_from is None:
            raise BadCommand("mail_first")
        if parameters:
            raise BadCommand("unknown_parameter")
        fault = smtp_syntax.address_fault(address, utf8=mail.smtp_utf8, bad="bad_recipient")
        taken = self._shared.takes(address)
        if fault and not taken:
            # RFC 5321 section 4.1.1.3: <postmaster> is the one address that needs no domain.
            raise BadCommand(fault)
        if not taken:
            self._refused_recipients = True
            await self._register(Reason.NOT_DESIGNATED, address, self._evidence(address), None)
            raise BadCommand("not_designated")
        if address not in mail.rcpt_tos:
            if len(mail.rcpt_tos) >= self._settings.max_recipients:
                raise BadCommand("too_many_recipients")
            mail.rcpt_tos.append(address)
        await self._answer("recipient_ok")

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if arg:
            raise BadCommand("syntax", syntax="DATA")
        if not self._mail().rcpt_tos:
            await self._refuse_data("recipient_first")
        elif not self._shared.in_flight.take(customer(self._peer), self):
            self._log("smtp_try_later", error="in_flight")
            await self._refuse_data("too_busy")
        else:
            await self._receive_one()

    async def _receive_one(self) -> None:
        self._busy = True
        try:
            await self._receive()
        finally:
            self._shared.in_flight.leave(customer(self._peer), self)
            self._busy = False
            self._set_rset_state()

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        self._no_argument("RSET", arg)
        self._set_rset_state()
        await self._answer("ok")

    async def smtp_NOOP(self, arg: str) -> None:  # noqa: ARG002, N802
        await self._answer("ok")

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        self._no_argument("QUIT", arg)
        await self._answer("bye")
        self._over = True

    async def smtp_HELP(self, arg: str) -> None:  # noqa: ARG002, N802
        await self._answer("help")

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: ARG002, N802
        await self._answer("cannot_verify")

    async def smtp_BDAT(self, arg: str) -> None:  # noqa: ARG002, N802
        """Not offered; what follows is a piece of a message and must not be read as commands."""
        await self._answer("not_offered")
        self._say_goodbye("out_of_step")

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: ARG002, N802
        await self._answer("not_offered")

    smtp_EXPN = smtp_ETRN = smtp_AUTH  # noqa: N815

    # ---- what commands are made of -------------------------------------------------------------------

    def _wire(self) -> asyncio.Transport:
        """The transport. Raises ConnectionError when there is none any more."""
        if self.transport is None:
            raise ConnectionResetError("the client hung up")
        # Not isinstance: uvloop's transports do not inherit from asyncio's.
        return cast("asyncio.Transport", self.transport)

    def _mail(self) -> Transaction:
        assert self.envelope is not None
        return self.envelope

    def _set_rset_state(self) -> None:
        super()._set_rset_state()  # type: ignore[no-untyped-call]
        self._refused_recipients = False

    def _hello(self, name: str, *, extended: bool) -> None:
        self._set_rset_state()
        self._extended = extended
        self._helo = name

    def _no_argument(self, verb: str, arg: str) -> None:
        if arg:
            raise BadCommand("syntax", syntax=verb)

    def _check_parameters(self, parameters: Mapping[str, str]) -> int:
        """The size announced with MAIL, 0 when none was. Raises BadCommand for what is not offered."""
        if parameters.keys() - ({"SIZE", "BODY", "SMTPUTF8"} if self._extended else set()):
            raise BadCommand("unknown_parameter")
        if parameters.get("BODY", "7BIT") not in {"7BIT", "8BITMIME"} or parameters.get("SMTPUTF8"):
            raise BadCommand("bad_parameter")
        return smtp_syntax.declared_size(parameters)

    async def _shake_hands(self) -> None:
        assert self._settings.tls is not None
        context = self._settings.tls.context()
        self._stop_timer()
        self._busy = True
        limit = self._settings.idle_seconds
        try:
            secure = await self.loop.start_tls(
                self._wire(), self, context, server_side=True, ssl_handshake_timeout=limit
            )
        except OSError as error:
            self._log("smtp_tls_failed", error=type(error).__name__)
            # asyncio tells nobody that a connection is lost before its handshake was done.
            self.connection_lost(error)
            return
        finally:
            self._busy = False
        if secure is None or secure.is_closing():
            # The client hung up as soon as it had shaken hands.
            self.connection_lost(None)
            return
        # While others have their turn, what follows is not read ahead: it would be kept twice.
        secure.set_read_buffer_limits(high=_TLS_AHEAD_BYTES)  # type: ignore[attr-defined]  # no TLS transport in typeshed
        self.transport = secure
        # The reader and the writer know the old transport; asyncio 3.11 has no public way to tell them.
        self._reader._transport = secure  # type: ignore[attr-defined]  # noqa: SLF001
        self._writer._transport = secure  # type: ignore[attr-defined]  # noqa: SLF001
        tls: ssl.SSLObject = secure.get_extra_info("ssl_object")
        cipher = tls.cipher()
        self._tls = f"{tls.version()} {cipher[0] if cipher else ''}".strip()
        self._helo = ""
        self._set_rset_state()

    def _read_ahead(self) -> int:
        """How much the client has sent beyond the command in hand."""
        return len(self._reader._buffer)  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way

    async def _register(self, reason: Reason, address: str, envelope: Envelope, size: int | None) -> None:
        """Keep the proof of this attempt. Raises what `Intake.register` raises."""
        attempt = RefusedAttempt(Channel.SMTP, datetime.now(UTC), reason, address, envelope, size)
        await self._shared.in_thread(self._shared.intake.register, attempt)
        self._log("smtp_refused", reason=str(reason), bytes=size)

    def _evidence(self, *recipients: str) -> Envelope:
        return Envelope(self._mail().mail_from or "", recipients, self._peer, self._helo, self._tls)

    # ---- DATA ----------------------------------------------------------------------------------------

    async def _refuse_data(self, name: str) -> None:
        nobody = self._mail().mail_from is not None and self._refused_recipients and not self._mail().rcpt_tos
        await self._answer("no_recipients" if nobody else name)
        if self._read_ahead():
            # The message came along with DATA (RFC 2920 section 3.1 forbids it): its lines are no commands.
            self._say_goodbye("out_of_step")

    async def _receive(self) -> None:
        """From DATA to its reply. The spool is either handed on with the whole message or dropped."""
        settings = self._settings
        spool = self._shared.intake.spool()
        body = Body(
            spool.write,
            max_bytes=settings.max_message_bytes,
            max_line_bytes=settings.max_line_bytes,
            block_bytes=self._shared.turns.octets,
        )
        receiver = None
        taken = False
        try:
            self._share_the_loop()
            await self._answer("go_ahead")
            receiver = await self._take_in(body)
            end = receiver.ended.result()
            taken = end is End.COMPLETE and body.fault is None
            if taken:
                await self._accept(spool, receiver.completed_at)
        finally:
            if not taken:
                self._shared.in_thread(spool.drop)
                self._log("smtp_not_taken", bytes=body.octets)
        if end is End.HUNG_UP:
            self._over = True
        elif end is not End.COMPLETE:
            self._say_goodbye(end.value)
        elif body.fault is not None:
            await self._refuse(body)

    def _share_the_loop(self) -> None:
        """Over TLS, uvloop takes at once all that the kernel has, from everybody: in a crowd that has to be less."""
        if self._tls and self._shared.turns.octets() < BLOCK_BYTES:
            self._wire().get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _CROWD_BYTES)

    async def _take_in(self, body: Body) -> Receiver:
        """Read the data into the body. The receiver that is returned has ended."""
        settings = self._settings
        self._stop_timer()
        ahead = self._read_ahead()
        early = await self._reader.read(ahead) if ahead else b""
        pace = Pace(settings.idle_seconds, settings.minimum_rate_bytes_per_second)
        max_octets = settings.max_message_bytes + settings.max_refused_bytes
        receiver = Receiver(self, self._wire(), body, pace, max_octets, self._shared.turns)
        try:
            # Not through feed_data, which refuses when the client has said already that nothing more will come.
            after = receiver.start(early, over=self._reader.at_eof())
            self._reader._buffer.extend(after)  # type: ignore[attr-defined]  # noqa: SLF001
            await receiver.ended
        finally:
            receiver.stop()
        return receiver

    async def _refuse(self, body: Body) -> None:
        """Tell why the message was not taken, with the attempt registered where it is the sender's turn."""
        assert body.fault is not None
        if body.error is not None:
            raise body.error
        recipients = tuple(self._mail().rcpt_tos)
        await self._register(_REASONS[body.fault], recipients[0], self._evidence(*recipients), body.octets)
        await self._answer(body.fault.value)

    async def _accept(self, spool: Incoming, received_at: datetime) -> None:
        """Hand the message in, and say what came of it. A client that hangs up meanwhile changes nothing."""
        source = f"smtp:{secrets.token_hex(16)}"
        envelope = self._evidence(*self._mail().rcpt_tos)
        self._committing = True
        try:
            reply = await self._hand_in(spool, received_at, source, envelope)
        finally:
            self._committing = False
        self._commands = 0
        await self.push(reply)

    async def _hand_in(self, spool: Incoming, received_at: datetime, source: str, envelope: Envelope) -> str:
        try:
            stored = spool.journalled()
            if stored is None:
                stored = await self._shared.in_thread(spool.keep)
            accepted = await self._shared.commits.accept(
                Arrival(Channel.SMTP, received_at, (stored,), source, envelope)
            )
        except Exception as error:  # noqa: BLE001 - the edge: nobody else is there any more if the client left
            self._shared.in_thread(spool.drop)
            return await self.handle_exception(error)
        spool.drop()
        self._log("smtp_received", submission=accepted.number, bytes=stored.bytes, sha256=stored.sha256)
        return self._reply("accepted", receipt=accepted.number)

    # ---- logs ----------------------------------------------------------------------------------------

    def _log(self, event: str, **fields: object) -> None:
        self._shared.log(event, {**fields, "peer": self._peer, "tls": self._tls})

    def _log_trouble(self, error: Exception) -> None:
        self._log("smtp_try_later", error=type(error).__name__)
        if isinstance(error, TryLater):
            _diagnostics.warning("not received, the sender will try again: %s", error)
        else:
            _diagnostics.error("not received, the sender will try again", exc_info=error)


_COMMANDS: Final[Mapping[str, Callable[[GatewaySMTP, str], Awaitable[None]]]] = {
    name.removeprefix("smtp_"): method for name, method in vars(GatewaySMTP).items() if name.startswith("smtp_")
}
