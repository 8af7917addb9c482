import NIOCore
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// Sends bodies and keeps account of what the server has confirmed, over all connections that it takes.
struct Publication {
    struct Plan: Sendable {
        var contentLength: FrameEncoder.ContentLength
        var receipt: ReceiptPolicy
        var isTransaction: Bool
        var skip: Int
    }

    /// How often ``ReceiptPolicy/auto`` asks.
    private static let autoInterval = 1000
    /// How many messages may be unconfirmed at once, and how many bytes: what must be sent again after a failure, and
    /// is kept in memory for it.
    private static let window = (messages: 4000, bytes: 16 << 20)

    fileprivate struct Awaited {
        var receipt: Receipt
        /// How many messages have been confirmed when it comes: a receipt also tells that all before it were received.
        var confirms: Int
        /// Whether the last of them went as a binary WebSocket message. A server may ignore those, so that neither a later
        /// receipt nor the answer to DISCONNECT tells that it was received.
        var isOfBinary = false

        /// Whether it is of a binary message and has not come.
        var isMissing: Bool { isOfBinary && !receipt.hasArrived }
    }

    private var queue: PendingMessageQueue
    private let plan: Plan
    /// Whether a lost connection comes back, so that what is unconfirmed must be kept.
    private let mayComeBack: Bool
    private let isVerbose: Bool
    private let progress: Shared<PublishProgress.Counts>

    /// Counted from the first body of the source, those that were skipped included.
    private var sent: Int
    private var confirmed: Int
    private var sourceIsDry = false
    /// What was sent and not confirmed, the last ones sent; kept only where they may have to go again.
    private var unconfirmed: CircularBuffer<PendingMessage> = []
    private var unconfirmedBytes = 0

    private var awaited: CircularBuffer<Awaited> = []
    /// Whether receipts are asked for on this connection, apart from those of binary messages.
    private var asksReceipts = true
    private var hasAnswered = false
    /// Binary messages whose receipts did not come in time.
    private var missing: [Int] = []
    private var isCommitted = false

    init(
        queue: PendingMessageQueue, plan: Plan, mayComeBack: Bool, isVerbose: Bool,
        progress: Shared<PublishProgress.Counts>
    ) {
        self.queue = queue
        self.plan = plan
        // What a transaction holds goes with its connection.
        self.mayComeBack = mayComeBack && !plan.isTransaction
        self.isVerbose = isVerbose
        self.progress = progress
        sent = plan.skip
        confirmed = plan.skip
    }

    // MARK: One connection

    /// Sends what is left to send.
    ///
    /// - Throws: ``Failure``, or `STOMPClientError`.
    mutating func run(on connection: STOMPConnection) async throws {
        do {
            (awaited, missing) = ([], [])
            asksReceipts =
                plan.receipt == .require || (plan.receipt == .auto && connection.handshake.answersReceipts)
            let transaction = plan.isTransaction ? try await connection.begin() : nil
            try await sendAgain(on: connection)
            while !sourceIsDry, let drafts = try await queue.next() {
                try Task.checkCancellation()
                try await send(drafts, mayBeLast: queue.mayBeAtEnd, in: transaction, on: connection)
            }
            sourceIsDry = true
            if queue.passedOver > 0, isVerbose || sent == plan.skip {
                Diagnostics.note(
                    "\(queue.passedOver) lines that a tap recorded were passed over: they are no SEND of an app")
            }
            if queue.taken < plan.skip {
                Diagnostics.note(
                    "--skip \(plan.skip) left everything out: there was no more than \(queue.taken) to send")
            }
            try await finish(transaction, on: connection)
        } catch {
            let hasLater = settle()
            let goodbye = try? await Task { try await connection.disconnect() }.value
            // Where the fault is not in the session, its last answer tells that everything has come, except what a server
            // may ignore.
            let isAnswered = goodbye == .confirmed && (!(error is STOMPClientError) || !missing.isEmpty)
            if !plan.isTransaction, hasLater || isAnswered {
                if let first = awaited.first(where: \.isMissing) {
                    confirm(max(confirmed, first.confirms - 1))
                } else if isAnswered {
                    confirm(sent)
                }
            }
            if !missing.isEmpty {
                // A server that is there and ignores binary messages would do so on another connection too.
                throw goodbye == .confirmed || goodbye == .closed ? Failure(error) : error
            }
            // Another connection could only have the rest of a transaction.
            throw plan.isTransaction && sent > plan.skip && error is STOMPClientError ? Failure(error) : error
        }
    }

    private mutating func sendAgain(on connection: STOMPConnection) async throws {
        guard !unconfirmed.isEmpty else {
            if sent > confirmed {
                Diagnostics.warn(
                    "STOMP: the \(sent - confirmed) messages sent before the connection was lost were never confirmed; some may be lost"
                )
            }
            return
        }
        Diagnostics.note(
            "STOMP: sending \(unconfirmed.count) unconfirmed messages again; the server may have some of them twice")
        let drafts = Array(unconfirmed)
        sent -= drafts.count
        forgetUnconfirmed()
        try await send(drafts, mayBeLast: true, in: nil, on: connection)
    }

    private mutating func send(
        _ drafts: [PendingMessage], mayBeLast: Bool, in transaction: String?, on connection: STOMPConnection
    ) async throws {
        if plan.receipt == .auto, asksReceipts,
            drafts.contains(where: { !connection.handshake.answersReceipt(ofMessageTo: $0.destination) })
        {
            stopAsking()
        }
        var messages: [OutgoingMessage] = []
        messages.reserveCapacity(drafts.count)
        var receipts: [(number: Int, isOfBinary: Bool)] = []
        let asksForBinary = plan.receipt != .none && connection.handshake.answersReceipts
        var bytes = unconfirmedBytes
        for (index, draft) in drafts.enumerated() {
            let body = draft.body
            let number = sent + index + 1
            if plan.contentLength == .omitted, body.readableBytesView.contains(0) {
                throw Failure(
                    .badInput, "STOMP: message \(number) holds a NUL, which cannot go without a content-length")
            }
            if connection.transport.carriesOnlyText, !body.isUTF8 {
                throw STOMPClientError.cannotSend(.notText(message: number, over: connection.transport))
            }
            var message = OutgoingMessage(
                to: draft.destination, body: body, headers: draft.headers, contentLength: plan.contentLength,
                transaction: transaction)
            bytes += mayComeBack ? body.readableBytes : 0
            let isOfBinary = asksForBinary && connection.sendsAsBinary(body)
            if isOfBinary {
                message.wantsReceipt = true
            } else if transaction == nil, asksReceipts {
                // Of text in a transaction, COMMIT's receipt tells everything.
                let mustAsk = (mayBeLast && index == drafts.count - 1) || bytes > Self.window.bytes
                message.wantsReceipt =
                    plan.receipt == .require || mustAsk || number % Self.autoInterval == 0
            }
            if message.wantsReceipt { receipts.append((number, isOfBinary)) }
            messages.append(message)
        }
        do {
            for (receipt, (number, isOfBinary)) in zip(try await connection.send(messages), receipts) {
                awaited.append(Awaited(receipt: receipt, confirms: number, isOfBinary: isOfBinary))
            }
        } catch STOMPClientError.cannotSend(let fault) {
            throw STOMPClientError.cannotSend(fault)
        } catch let error as STOMPClientError {
            // Some of them may have left before the connection was lost.
            count(drafts)
            throw error
        }
        count(drafts)
        // RabbitMQ answers the receipts of a transaction after COMMIT.
        while transaction == nil, !awaited.isEmpty,
            sent - confirmed > Self.window.messages || unconfirmedBytes > Self.window.bytes
        {
            try await awaitFirst(on: connection)
        }
    }

    /// Takes messages for sent, and keeps them where they may have to go again.
    private mutating func count(_ drafts: [PendingMessage]) {
        sent += drafts.count
        progress.update { [sent] in $0.sent = sent }
        guard mayComeBack, asksReceipts else { return }
        for draft in drafts {
            unconfirmed.append(draft)
            unconfirmedBytes += draft.body.readableBytes
        }
    }

    // MARK: What the server has confirmed

    private mutating func awaitFirst(on connection: STOMPConnection) async throws {
        guard let first = awaited.first else { return }
        do {
            try await first.receipt.arrives()
            hasAnswered = true
            // In a transaction COMMIT's, which is the last, confirms all of it.
            if !plan.isTransaction || awaited.count == 1 { confirm(first.confirms) }
            awaited.removeFirst()
        } catch STOMPClientError.timedOut(.receipt, _) where awaited.contains(where: \.isMissing) {
            missing = awaited.filter(\.isMissing).map(\.confirms)
            throw noReceipts(of: missing, on: connection)
        } catch STOMPClientError.timedOut(.receipt, _) where plan.receipt == .auto && !hasAnswered {
            // A server that has never answered one will not answer the next.
            awaited.removeAll()
            stopAsking()
        }
    }

    /// DISCONNECT's receipt must do. As nothing more is kept, what was kept cannot go again in its place: all of it is
    /// named if the connection is lost.
    private mutating func stopAsking() {
        asksReceipts = false
        forgetUnconfirmed()
    }

    private mutating func forgetUnconfirmed() {
        unconfirmed = []
        unconfirmedBytes = 0
    }

    private mutating func confirm(_ number: Int) {
        // What is kept are the last ones, and those before them may never have been confirmed.
        let newly = max(0, unconfirmed.count - (sent - number))
        for draft in unconfirmed.prefix(newly) { unconfirmedBytes -= draft.body.readableBytes }
        unconfirmed.removeFirst(newly)
        confirmed = number
        progress.update { $0.confirmed = number }
    }

    /// Counts the receipts that have come already, up to the first that has not.
    ///
    /// - Returns: whether a later one has come.
    private mutating func settle() -> Bool {
        guard !plan.isTransaction else {
            isCommitted = awaited.last.map { !$0.isOfBinary && $0.receipt.hasArrived } ?? false
            return false
        }
        while let first = awaited.first, first.receipt.hasArrived {
            confirm(first.confirms)
            awaited.removeFirst()
        }
        return awaited.contains(where: \.receipt.hasArrived)
    }

    /// Names binary messages whose receipts did not come in time.
    private func noReceipts(of messages: [Int], on connection: STOMPConnection) -> STOMPClientError {
        .timedOut(
            .binaryReceipts(messages: messages, isByChoice: connection.configuration.transport.sendsBinary),
            within: connection.configuration.receiptTimeout)
    }

    private mutating func finish(_ transaction: String?, on connection: STOMPConnection) async throws {
        if let transaction {
            let receipt = try await connection.commit(transaction)
            if asksReceipts { awaited.append(Awaited(receipt: receipt, confirms: sent)) }
        }
        while !awaited.isEmpty { try await awaitFirst(on: connection) }
        switch try await goodbye(to: connection) {
        case .confirmed:
            confirm(sent)
            if !asksReceipts, plan.receipt == .auto, isVerbose {
                Diagnostics.note(
                    "STOMP: this server answers no receipts; its answer to DISCONNECT came after all messages")
            }
        case .closed where confirmed == sent || plan.receipt == .none,
            .ended where confirmed == sent || plan.receipt == .none:
            break
        case .unanswered where confirmed == sent || plan.receipt == .none:
            Diagnostics.warn("STOMP: the server did not answer DISCONNECT")
        case .closed, .ended:
            throw STOMPClientError.closed(nil, .insteadOfReceipt)
        case .unanswered:
            let time = connection.configuration.receiptTimeout.readable
            throw Failure(.timedOut, "STOMP: the server did not answer DISCONNECT within \(time)")
        }
    }

    /// Where everything is confirmed, how the connection ends does not matter: RabbitMQ may break it off on WebSocket.
    private func goodbye(to connection: STOMPConnection) async throws -> DisconnectOutcome {
        do {
            return try await connection.disconnect()
        } catch let error as STOMPClientError where error.isLoss && confirmed == sent {
            return .ended
        }
    }

    // MARK: Failure

    /// The failure with what was sent, what was confirmed, and how to resume: nothing is lost without being named.
    func account(of error: any Error) -> Failure {
        let failure = Failure(error)
        guard let line = failure.line else {
            return Failure(failure.status, sent == plan.skip ? nil : "interrupted: \(account)")
        }
        return sent == plan.skip ? failure : Failure(failure.status, "\(line) (\(account))")
    }

    private var account: String {
        if isCommitted { return "the transaction with \(sent - plan.skip) messages was committed" }
        if plan.isTransaction {
            return "nothing of the transaction is confirmed; \(sent - plan.skip) messages were sent in it"
        }
        let counted = "\(sent) sent, \(confirmed) confirmed"
        return sent > 1 ? "\(counted); resume with --skip \(confirmed)" : counted
    }
}
