import NIOCore
import NIOEmbedded
import Testing

@testable import STOMPTransport

/// Every event in every state, without a channel, OpenSSL or a clock.
@Suite struct TLSStateMachineTests {
    /// The state that a connection has reached.
    enum Stage: CaseIterable {
        case waiting, handshaking, open, inputDue, inputEnded, outputClosed, bothEnded, closed

        var isOpen: Bool { [.open, .inputDue, .inputEnded].contains(self) }
    }

    private static let failure = TransportError.tls(.connectionClosed)

    private static func machine(_ stage: Stage) -> TLSStateMachine {
        var machine = TLSStateMachine()
        guard stage != .waiting else { return machine }
        _ = machine.start(owesActive: true)
        guard stage != .handshaking else { return machine }
        _ = machine.established()
        switch stage {
        case .inputDue: machine.inputEnds(.clean)
        case .inputEnded, .bothEnded:
            machine.inputEnds(.clean)
            _ = machine.readCompleted()
            if stage == .bothEnded { _ = machine.closeOutput() }
        case .outputClosed: _ = machine.closeOutput()
        case .closed: _ = machine.stop()
        default: break
        }
        return machine
    }

    private static func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0x61, count: count) }

    // MARK: - Handshake

    @Test(arguments: Stage.allCases) func theHandshakeStartsOnce(stage: Stage) {
        var machine = Self.machine(stage)
        #expect(machine.start(owesActive: false) == (stage == .waiting))
        #expect(machine.start(owesActive: false) == false)
    }

    @Test(arguments: Stage.allCases) func onlyAHandshakeIsEstablished(stage: Stage) {
        var machine = Self.machine(stage)
        #expect(machine.established() == (stage == .handshaking ? true : nil))
        #expect(machine.isOpen == (stage == .handshaking || stage.isOpen))
    }

    @Test(arguments: [
        ([true], true), ([false], false), ([false, true], true), ([true, false], true),
    ]) func theLayersAboveHearOnceThatTheChannelIsActive(starts: [Bool], owed: Bool) {
        var machine = TLSStateMachine()
        for owes in starts { _ = machine.start(owesActive: owes) }
        #expect(machine.established() == owed)
        #expect(machine.established() == nil)
    }

    // MARK: - Reading

    @Test(arguments: Stage.allCases) func bytesGoWhereTheStateSays(stage: Stage) {
        let machine = Self.machine(stage)
        let expected: TLSStateMachine.Received =
            switch stage {
            case .waiting, .closed, .inputDue, .inputEnded, .bothEnded: .ignore
            case .handshaking: .handshake
            default: .decrypt
            }
        #expect(machine.received() == expected)
        #expect(machine.reads == (stage == .open || stage == .outputClosed), "nothing beyond the end is decrypted")
        #expect(machine.passesReadComplete == (stage != .waiting && stage != .handshaking))
        #expect(machine.isClosed == (stage == .closed))
        #expect(machine.closesAfterEnd == (stage == .outputClosed || stage == .bothEnded))
    }

    @Test(arguments: Stage.allCases) func aReadThatBroughtNothingIsAskedForAgain(stage: Stage) {
        var machine = Self.machine(stage)
        machine.readRequested()
        let isReading = stage == .open || stage == .outputClosed
        let due: TLSStateMachine.ReadCompleted = stage == .inputDue ? .end(.clean) : .nothing
        #expect(machine.readCompleted() == (isReading ? .read : due))
        machine.decrypted()
        #expect(machine.readCompleted() == .nothing)
    }

    @Test func aReadAskedForBeforeTheHandshakeIsOwedAfterIt() {
        var machine = TLSStateMachine()
        machine.readRequested()
        _ = machine.start(owesActive: true)
        #expect(machine.readCompleted() == .nothing)
        _ = machine.established()
        #expect(machine.readCompleted() == .read)
    }

    @Test(arguments: [TLSStateMachine.End.clean, .failure(failure)])
    func theEndComesOnceAfterWhatCameBeforeIt(end: TLSStateMachine.End) {
        for stage in [Stage.open, .outputClosed] {
            var machine = Self.machine(stage)
            machine.inputEnds(end)
            machine.decrypted()
            #expect(machine.reads == false)
            machine.inputEnds(.failure(.tls(.outOfMemory)))
            #expect(machine.readCompleted() == .end(end), "the first end counts")
            #expect(machine.readCompleted() == .nothing)
        }
    }

    // MARK: - Writing

    @Test(arguments: Stage.allCases) func smallWritesWaitForAFlush(stage: Stage) throws {
        var machine = Self.machine(stage)
        for _ in 0..<2 {
            switch machine.write(Self.bytes(10), nil) {
            case .held: #expect(stage != .closed && stage != .outputClosed && stage != .bothEnded)
            case .refused: #expect([.closed, .outputClosed, .bothEnded].contains(stage))
            case .encrypt: Issue.record("\(stage) encrypts a small write at once")
            }
        }
        #expect(machine.flush()?.bytes.readableBytes == (stage.isOpen ? 20 : nil))
        #expect(machine.flush() == nil)
    }

    @Test(arguments: Stage.allCases) func aLargeWriteLeavesAtOnceAndAfterTheSmallOnes(stage: Stage) {
        var machine = Self.machine(stage)
        _ = machine.write(Self.bytes(10), nil)
        switch machine.write(Self.bytes(TLSStateMachine.record), nil) {
        case .encrypt(let first, let second):
            #expect(stage.isOpen)
            #expect(first?.bytes.readableBytes == 10)
            #expect(second?.bytes.readableBytes == TLSStateMachine.record)
        case .held: #expect(stage == .waiting || stage == .handshaking)
        case .refused: #expect([.closed, .outputClosed, .bothEnded].contains(stage))
        }
    }

    @Test func smallWritesThatFillARecordLeaveTogether() {
        var machine = Self.machine(.open)
        _ = machine.write(Self.bytes(TLSStateMachine.record - 1), nil)
        guard case .encrypt(let first?, nil) = machine.write(Self.bytes(1), nil) else {
            Issue.record("a full record is held")
            return
        }
        #expect(first.bytes.readableBytes == TLSStateMachine.record)
    }

    @Test func whatWasWrittenBeforeTheHandshakeLeavesAfterIt() {
        var machine = TLSStateMachine()
        _ = machine.write(Self.bytes(3), nil)
        _ = machine.start(owesActive: true)
        _ = machine.write(Self.bytes(4), nil)
        #expect(machine.flush() == nil && !machine.isOpen)
        _ = machine.established()
        #expect(machine.flush()?.bytes.readableBytes == 7)
    }

    @Test func aWriteOfNoBytesHasItsPromiseKept() throws {
        let loop = EmbeddedEventLoop()
        var machine = Self.machine(.open)
        let promise = loop.makePromise(of: Void.self)
        _ = machine.write(ByteBuffer(), promise)
        try #require(machine.flush()?.promise).succeed()
        try promise.futureResult.wait()
    }

    // MARK: - The end

    @Test(arguments: Stage.allCases) func closeNotifyGoesOnce(stage: Stage) {
        var machine = Self.machine(stage)
        #expect(machine.closeOutput() == stage.isOpen)
        #expect(machine.closeOutput() == false)
        #expect(machine.isClosed == (stage == .closed))
    }

    @Test(arguments: Stage.allCases) func aLostSocketIsReportedByState(stage: Stage) {
        let machine = Self.machine(stage)
        let ended: TLSStateMachine.Lost =
            switch stage {
            case .waiting, .handshaking: .abandon
            case .open: .cutOff(wasAnswered: false)
            default: .nothing
            }
        #expect(machine.socketEnded() == ended)
        let failed: TLSStateMachine.Lost =
            switch stage {
            case .waiting, .handshaking: .abandon
            case .closed, .inputDue: .nothing
            default: .passOn
            }
        #expect(machine.socketFailed(wantsCertificate: false) == failed)
        let mayBeRefusal = stage == .open || stage == .inputEnded
        #expect(
            machine.socketFailed(wantsCertificate: true) == (mayBeRefusal ? .cutOff(wasAnswered: false) : failed),
            "a refused certificate of TLS 1.3 may be seen as an error of the socket alone")
    }

    /// One read may contain an alert or close_notify together with a socket error.
    @Test(arguments: [Stage.open, .outputClosed], [false, true])
    func whatThePeerSaidLastComesBeforeAnErrorOfTheSocket(stage: Stage, wantsCertificate: Bool) {
        let alert = TransportError.tls(.alert(TLSAlert(number: 80), from: .server))
        for (end, lost) in [
            (TLSStateMachine.End.failure(alert), TLSStateMachine.Lost.failed(alert)), (.clean, .nothing),
        ] {
            var machine = Self.machine(stage)
            machine.inputEnds(end)
            #expect(machine.socketFailed(wantsCertificate: wantsCertificate) == lost)
            #expect(machine.readCompleted() == .end(end))
            #expect(machine.socketFailed(wantsCertificate: false) == .passOn)
        }
    }

    @Test func anAnsweredClientGetsNoCertificateHint() {
        var machine = Self.machine(.open)
        machine.decrypted()
        #expect(machine.socketEnded() == .cutOff(wasAnswered: true))
        #expect(machine.socketFailed(wantsCertificate: true) == .passOn)
    }

    @Test(arguments: Stage.allCases) func stoppingGivesBackWhatNeverLeft(stage: Stage) {
        var machine = Self.machine(stage)
        _ = machine.write(Self.bytes(5), nil)
        let held = machine.stop()
        #expect((held == nil) == (stage == .closed))
        let isHeld = stage.isOpen || stage == .waiting || stage == .handshaking
        #expect(held?.bytes.readableBytes ?? 0 == (isHeld ? 5 : 0))
        #expect(machine.stop() == nil && machine.isClosed)
    }
}
