import STOMPTransport
import Testing

@testable import StomptapOutput

/// The error line for each name lookup and TCP failure.
@Suite struct TCPFailureTests {
    static let failures: [Told] = [
        Told(.name(.noSuchHost("nohost.example", cause: nil)), "name: no such host: nohost.example", .noHost),
        Told(
            .name(.noSuchHost("a\nb", cause: "Temporary failure in name resolution")),
            "name: no such host: a\\nb (temporary failure in name resolution)", .noHost),
        Told(
            .name(.noAnswer(for: "slow.example", within: .seconds(5))),
            "name: timed out after 5 s waiting for the name service (slow.example)", .timedOut),
        Told(
            .tcp(.connectionRefused(by: ["127.0.0.1:1", "[::1]:1"])),
            "TCP: connection refused by 127.0.0.1:1 and [::1]:1; is the server running, and is this its port?",
            .unavailable),
        Told(
            .tcp(.cannotConnect(to: ["10.0.0.1:61613"], SystemError(code: 113))),
            "TCP: cannot connect to 10.0.0.1:61613: no route to host", .unavailable),
        Told(.tcp(.cannotConnect(to: ["10.0.0.1:61613"], nil)), "TCP: cannot connect to 10.0.0.1:61613", .unavailable),
        Told(
            .tcp(.noAnswer(from: "10.0.0.1:61613", within: .milliseconds(1500))),
            "TCP: timed out after 1.5 s connecting to 10.0.0.1:61613; a firewall may block it: are host and port "
                + "right?", .timedOut),
        Told(
            .tcp(.connectionReset(by: "127.0.0.1:61613")),
            "TCP: connection reset by 127.0.0.1:61613; see the log of the server, or of a proxy in front of "
                + "it", .unavailable),
        Told(
            .tcp(.connectionLost(to: "127.0.0.1:61613", SystemError(code: 32))),
            "TCP: connection to 127.0.0.1:61613 lost: broken pipe", .unavailable),
        Told(
            .tcp(.connectionLost(to: "127.0.0.1:61613", nil)), "TCP: connection to 127.0.0.1:61613 lost",
            .unavailable),
        Told(
            .tcp(.cannotListen(on: "127.0.0.1:80", SystemError(code: 13))),
            "TCP: cannot listen on 127.0.0.1:80: permission denied; a port below 1024 requires root",
            .cannotCreate),
        Told(
            .tcp(.cannotListen(on: "127.0.0.1:61613", SystemError(code: 98))),
            "TCP: cannot listen on 127.0.0.1:61613: address already in use; another process uses this port: stop it, "
                + "or use another port (0 for any free port)", .cannotCreate),
        Told(
            .tcp(.cannotListen(on: "10.9.9.9:1", SystemError(code: 99))),
            "TCP: cannot listen on 10.9.9.9:1: cannot assign requested address; this machine does not have this "
                + "address: use 127.0.0.1, or 0.0.0.0 for all addresses", .cannotCreate),
        Told(.tcp(.cannotListen(on: "x:1", nil)), "TCP: cannot listen on x:1", .cannotCreate),
    ]

    @Test(arguments: failures) func saysWhatHappened(_ told: Told) { told.check() }
}
