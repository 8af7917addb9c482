import NIOCore
import Testing

@testable import STOMPCore

/// CONNECT, CONNECTED and DISCONNECT.
@Suite struct SessionConnectTests {
    private func connect(_ change: (inout SessionConfiguration) -> Void = { _ in }) throws -> (Session, Frame) {
        var configuration = SessionConfiguration(virtualHost: "example.org")
        change(&configuration)
        var session = Session()
        let frame = try session.connect(configuration)
        return (session, frame)
    }

    @Test func saysWhatItAcceptsAndOffers() throws {
        #expect(
            try text(connect().1)
                == "CONNECT\naccept-version:1.0,1.1,1.2\nhost:example.org\nheart-beat:10000,10000\n\n\0")
        #expect(
            try text(
                connect {
                    $0.versions = [.v12, .v11]
                    $0.virtualHost = "/"
                    $0.login = "me:too"
                    $0.passcode = "p\\n w"
                    $0.heartBeat = HeartBeat(outgoing: 0, incoming: 500)
                    $0.headers = ["client-id": "7", "client-id": "8"]
                }.1)
                == "CONNECT\naccept-version:1.1,1.2\nhost:/\nlogin:me:too\npasscode:p\\n w\nheart-beat:0,500\n"
                + "client-id:7\nclient-id:8\n\n\0")
    }

    /// STOMP 1.0 has no heart-beats.
    @Test func offersNoHeartBeatTo10Alone() throws {
        #expect(try text(connect { $0.versions = [.v10] }.1) == "CONNECT\naccept-version:1.0\nhost:example.org\n\n\0")
    }

    @Test func letsTheCallersHeadersReplaceItsOwn() throws {
        let frame = try connect {
            $0.login = "a"
            $0.headers = ["host": "other", "x": "y", "host": "again", "accept-version": "1.1", "login": ""]
        }.1
        #expect(
            text(frame)
                == "CONNECT\naccept-version:1.1\nhost:other\nlogin:\nheart-beat:10000,10000\nx:y\nhost:again\n\n\0")
    }

    @Test func refusesWhatConnectCannotCarry() throws {
        expectError(.cannotBeEncoded) { try connect { $0.passcode = "a\nb" } }
        expectError(.cannotBeEncoded) { try connect { $0.headers = ["a:b": "c"] } }
        expectError(.malformedHeartBeat) { try connect { $0.headers = ["heart-beat": "often"] } }
        // Nothing was sent, so connecting can be tried again.
        var session = Session()
        var configuration = SessionConfiguration(virtualHost: "a\nb")
        expectError(.cannotBeEncoded) { try session.connect(configuration) }
        configuration.virtualHost = "a"
        #expect(try session.connect(configuration).command == .connect)
    }

    @Test(arguments: [
        ("1.2", "10000,20000", "connected 1.2 20000,10000"), ("1.1", "0,0", "connected 1.1 0,0"),
        ("1.2", nil, "connected 1.2 0,0"), ("1.1", "5,0", "connected 1.1 0,10000"),
        // A server that only supports 1.0 sends no version, and its heart-beat header is ignored.
        (nil, nil, "connected 1.0 0,0"), (nil, "5000,5000", "connected 1.0 0,0"), ("1.0", "often", "connected 1.0 0,0"),
    ])
    func opensWithWhatWasAgreed(version: String?, heartBeat: String?, words: String) throws {
        var session = try connect().0
        var headers: HeaderList = ["session": "s-1", "server": "test/1"]
        headers["version"] = version
        headers["heart-beat"] = heartBeat
        let reception = try session.receive(served(.connected, headers, version: nil))
        #expect(reception.words == words)
        guard case .connected(let handshake) = reception else { return }
        #expect(handshake.session == "s-1")
        #expect(handshake.server == "test/1")
        #expect(handshake.answersReceipts)
        #expect(session.isConnected)
    }

    @Test(arguments: [
        ([STOMPVersion.v12], "1.1"), ([.v12, .v11], nil), ([.v10], "1.2"), ([.v10, .v11, .v12], "1.3"),
        ([.v10, .v11, .v12], ""), ([.v10, .v11, .v12], "1.2 "), ([.v12], "1.0"),
    ])
    func refusesAVersionThatItDidNotOffer(offered: [STOMPVersion], chosen: String?) throws {
        var session = try connect { $0.versions = offered }.0
        var headers: HeaderList = [:]
        headers["version"] = chosen
        expectError(.versionMismatch) { try session.receive(served(.connected, headers, version: nil)) }
        #expect(!session.isConnected)
        #expect(session.version == nil)
    }

    /// The offered versions are those that were sent, including a header set by the caller.
    @Test func goesByTheVersionsThatWereSent() throws {
        var session = try connect { $0.headers = ["accept-version": "1.1,2.0"] }.0
        expectError(.versionMismatch) { try session.receive(served(.connected, ["version": "1.2"], version: nil)) }
        #expect(try session.receive(served(.connected, ["version": "1.1"], version: nil)).words == "connected 1.1 0,0")
    }

    @Test func refusesAMalformedHeartBeatOfTheServer() throws {
        var session = try connect().0
        let frame = try served(.connected, ["version": "1.2", "heart-beat": "soon"], version: nil)
        expectError(.malformedHeartBeat) { try session.receive(frame) }
        #expect(!session.isConnected)
    }

    @Test func expectsNoReceiptsOfAServerWithoutAName() throws {
        for (headers, answers) in [
            (["version": "1.2"], false), (["version": "1.2", "server": "a"], true), (["session": "b"], true),
        ] as [(HeaderList, Bool)] {
            var session = try connect().0
            guard case .connected(let handshake) = try session.receive(served(.connected, headers, version: nil)) else {
                Issue.record("not connected")
                continue
            }
            #expect(handshake.answersReceipts == answers)
        }
    }

    @Test(arguments: STOMPVersion.allCases)
    func leavesWithAReceipt(version: STOMPVersion) throws {
        var session = try openSession(version)
        #expect(session.makeReceiptID() == "receipt-1")
        #expect(try text(session.disconnect()) == "DISCONNECT\nreceipt:receipt-2\n\n\0")
        #expect(!session.isConnected)
        #expect(try session.receive(served(.receipt, ["receipt-id": "receipt-1"])).words == "receipt receipt-1")
        #expect(try session.receive(served(.receipt, ["receipt-id": "receipt-2"])).words == "disconnected")
    }
}
