import ArgumentParser
import STOMPClient
import Testing

@testable import StomptapCommands

/// Which options also apply to a server they were not given for.
struct OtherServerTests {
    /// Options of `connect` that also apply to another server, and those of the prompt and the output.
    private static let carried: Set<String> = [
        "execute", "keep-going", "output", "format", "null", "0", "no-newline", "json-body", "charset",
        "max-shown", "ca", "proxy", "connect-timeout", "receipt-timeout",
        "settle", "reconnect", "reconnect-delay", "reconnect-max-delay", "verbose", "trace-file", "pcap",
        "show-secrets",
        "timestamps", "color",
    ]

    private static let given: [[String]] = [
        ["--login", "l"], ["--passcode-env", "E"], ["--passcode-file", "f"], ["--passcode-prompt"],
        ["--passcode", "p"],
        ["--connect-header", "a: b"], ["--http-header", "a: b"], ["--connect-header-command", "a: b"],
        ["--http-header-command", "a: b"], ["--origin", "http://o"], ["--cookie", "c"],
        ["--virtual-host", "v"], ["--stomp-version", "1.1"], ["--heart-beat", "1,1"], ["--cert", "c"],
        ["--cert", "c", "--key", "k"], ["--cert", "c", "--key-passphrase-env", "E"], ["--server-name", "n"],
        ["--tls-min", "1.3"], ["--insecure"], ["--sockjs-transport", "websocket"], ["--subprotocol", "s"],
        ["--ws-binary"], ["--split", "8KiB"], ["--compress"], ["--max-message", "1MiB"],
    ]

    @Test(arguments: given) func whatWasGivenIsLeftOutAndNamed(arguments: [String]) throws {
        let options = try ConnectionOptions.parse(arguments)
        #expect(options.keptFromOtherServers == arguments.filter { $0.hasPrefix("--") })
        let other = try options.forOtherServer()
        #expect(other.keptFromOtherServers.isEmpty)
    }

    /// A new option must be listed in one of the two groups.
    @Test func everyOptionIsCarriedOrNamed() throws {
        let known = Set(OptionIndex.all.commands["connect", default: []].flatMap(\.names))
        let named = Set(Self.given.joined().filter { $0.hasPrefix("--") }.map { String($0.dropFirst(2)) })
        #expect(known.subtracting(Self.carried).subtracting(named).isEmpty)
    }

    @Test func theWayAndTheWaitingGoAlong() throws {
        let options = try ConnectionOptions.parse([
            "--ca", "ca.pem", "--proxy", "http://p:1", "--connect-timeout", "1s", "--receipt-timeout", "2s", "--settle",
            "3s", "--reconnect", "7", "--reconnect-delay", "4s", "--reconnect-max-delay", "6s", "-vv", "--show-secrets",
            "--login", "l", "--passcode", "p",
        ])
        let other = try options.forOtherServer()
        #expect(other.tls.ca == "ca.pem" && other.proxy.proxy == "http://p:1")
        #expect(other.connectTimeout.amount == .seconds(1) && other.receiptTimeout.amount == .seconds(2))
        #expect(other.settle.amount == .seconds(3) && other.reconnectDelay.amount == .seconds(4))
        #expect(other.reconnectMaxDelay.amount == .seconds(6) && other.diagnostics.verbose == 2)
        #expect(other.diagnostics.appearance.showSecrets)
        guard case .times(7)? = other.reconnect else { throw ValidationError("--reconnect was left out") }
        #expect(other.credentials.login == nil && other.credentials.passcode == nil)
    }

    @Test(arguments: [
        ("stomp://h", "stomp://h:61613", true), ("tcp://H", "stomp://h", true), ("ws://h/a", "ws://h:80/b", true),
        ("ws://h", "wss://h:80", false), ("ws://h", "http://h", false), ("stomp://h", "stomp://h:1", false),
        ("stomp://h", "stomp://h.example", false), ("stomp://u:p@h", "stomp://h", true),
    ]) func aServerIsHostPortAndScheme(one: String, another: String, isSame: Bool) throws {
        #expect(try Endpoint(one).isSameServer(as: Endpoint(another)) == isSame)
    }
}
