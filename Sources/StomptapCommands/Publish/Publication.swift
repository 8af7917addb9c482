import NIOCore
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// Sends bodies and tracks which the server has confirmed, across reconnections.
struct Publication {
    struct Plan: Sendable {
        var contentLength: FrameEncoder.ContentLength
        var receipt: ReceiptPolicy
        var isTransaction: Bool
        var skip: Int
    }

    /// With ``ReceiptPolicy/auto``, every how many messages a receipt is requested.
    private static let autoInterval = 1000
    /// The limits for unconfirmed messages and their bytes. They are kept in memory, to be sent again after a
    /// failure.
    private static let window = (messages: 4000, bytes: 16 << 20)

    fileprivate struct Awaited {
        var receipt: Receipt
        /// The number of messages that this receipt confirms: it also confirms all messages before it.
        var confirms: Int
        /// Whether the last of them was sent as a binary WebSocket message. A server may ignore such messages, so
        /// neither a later receipt nor the answer to DISCONNECT confirms them.
        var isOfBinary = false

        /// Whether it belongs to a binary message and has not arrived.
        var isMissing: Bool { isOfBinary && !receipt.isConfirmed }
    }

    private var queue: PendingMessageQueue
    private let plan: Plan
    /// Whether a lost connection is reopened, so that unconfirmed messages must be kept.
    private let mayComeBack: Bool
    private let isVerbose: Bool
    private let progress: Shared<PublishProgress.Counts>

    /// The number of bodies sent, counted from the start of the source; skipped ones are included.
    private var sent: Int
    private var confirmed: Int
    private var sourceIsDry = false
    /// The most recent messages, not yet confirmed; kept only if they may have to be sent again.
    private var unconfirmed: CircularBuffer<PendingMessage> = []
    private var unconfirmedBytes = 0

    private var awaited: CircularBuffer<Awaited> = []
    /// Whether receipts are requested on this connection. Binary messages always request them.
    private var asksReceipts = true
    private var hasAnswered = false
    /// Binary messages whose receipts timed out.
    private var missing: [Int] = []
    private var isCommitted = false

    init(
        queue: PendingMessageQueue, plan: Plan, mayComeBack: Bool, isVerbose: Bool,
        progress: Shared<PublishProgress.Counts>
    ) {
        self.queue = queue
        self.plan = plan
        // An open transaction is lost with its connection.
        self.mayComeBack = mayComeBack && !plan.isTransaction
        self.isVerbose = isVerbose
        self.progress = progress
        sent = plan.skip
        confirmed = plan.skip
    }

    // MARK: One connection

    /// Sends the remaining messages.
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
                    "skipped \(queue.passedOver) recorded lines that are not a SEND from an app")
            }
            if queue.taken < plan.skip {
                Diagnostics.note(
                    "--skip \(plan.skip): nothing sent; the input has only \(queue.taken) messages")
            }
            try await finish(transaction, on: connection)
        } catch {
            let hasLater = settle()
            let outcome = try? await connection.disconnect()
            // If the session itself has not failed, the answer to DISCONNECT confirms everything except binary
            // messages, which a server may ignore.
            let isAnswered = outcome == .confirmed && (!(error is STOMPClientError) || !missing.isEmpty)
            if !plan.isTransaction, hasLater || isAnswered {
                if let first = awaited.first(where: \.isMissing) {
                    confirm(max(confirmed, first.confirms - 1))
                } else if isAnswered {
                    confirm(sent)
                }
            }
            if !missing.isEmpty {
                // A reachable server that ignores binary messages would do so on another connection too.
                throw outcome == .confirmed || outcome == .closed ? Failure(error) : error
            }
            // Another connection could only send the rest of a transaction.
            throw plan.isTransaction && sent > plan.skip && error is STOMPClientError ? Failure(error) : error
        }
    }

    private mutating func sendAgain(on connection: STOMPConnection) async throws {
        guard !unconfirmed.isEmpty else {
            if sent > confirmed {
                Diagnostics.warn(
                    "STOMP: the \(sent - confirmed) messages sent before the connection was lost are unconfirmed; some may be lost"
                )
            }
            return
        }
        Diagnostics.note(
            "STOMP: resending \(unconfirmed.count) unconfirmed messages; some may be duplicates")
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
                    .badInput,
                    "STOMP: message \(number) contains a NUL, which needs a content-length; remove --no-content-length")
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
                // In a transaction, COMMIT's receipt confirms all text messages.
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
            // Some of them may have been sent before the connection was lost.
            count(drafts)
            throw error
        }
        count(drafts)
        // RabbitMQ sends the receipts of a transaction after COMMIT.
        while transaction == nil, !awaited.isEmpty,
            sent - confirmed > Self.window.messages || unconfirmedBytes > Self.window.bytes
        {
            try await awaitFirst(on: connection)
        }
    }

    /// Counts messages as sent, and keeps them if they may have to be sent again.
    private mutating func count(_ drafts: [PendingMessage]) {
        sent += drafts.count
        progress.update { [sent] in $0.sent = sent }
        guard mayComeBack, asksReceipts else { return }
        for draft in drafts {
            unconfirmed.append(draft)
            unconfirmedBytes += draft.body.readableBytes
        }
    }

    // MARK: Confirmation

    private mutating func awaitFirst(on connection: STOMPConnection) async throws {
        guard let first = awaited.first else { return }
        do {
            try await first.receipt.confirmation()
            hasAnswered = true
            // In a transaction the last receipt, that of COMMIT, confirms everything.
            if !plan.isTransaction || awaited.count == 1 { confirm(first.confirms) }
            awaited.removeFirst()
        } catch STOMPClientError.timedOut(.receipt, _) where awaited.contains(where: \.isMissing) {
            missing = awaited.filter(\.isMissing).map(\.confirms)
            throw noReceipts(of: missing, on: connection)
        } catch STOMPClientError.timedOut(.receipt, _) where plan.receipt == .auto && !hasAnswered {
            // A server that has never sent a receipt will not send the next one.
            awaited.removeAll()
            stopAsking()
        }
    }

    /// Stops requesting receipts; only the receipt of DISCONNECT is expected. Unconfirmed messages are no longer
    /// kept, so if the connection is lost, all of them are reported.
    private mutating func stopAsking() {
        asksReceipts = false
        forgetUnconfirmed()
    }

    private mutating func forgetUnconfirmed() {
        unconfirmed = []
        unconfirmedBytes = 0
    }

    private mutating func confirm(_ number: Int) {
        // Only the most recent messages are kept; earlier ones may never have been confirmed.
        let newly = max(0, unconfirmed.count - (sent - number))
        for draft in unconfirmed.prefix(newly) { unconfirmedBytes -= draft.body.readableBytes }
        unconfirmed.removeFirst(newly)
        confirmed = number
        progress.update { $0.confirmed = number }
    }

    /// Counts the receipts that have arrived, up to the first that has not.
    ///
    /// - Returns: whether a later receipt has arrived.
    private mutating func settle() -> Bool {
        guard !plan.isTransaction else {
            isCommitted = awaited.last.map { !$0.isOfBinary && $0.receipt.isConfirmed } ?? false
            return false
        }
        while let first = awaited.first, first.receipt.isConfirmed {
            confirm(first.confirms)
            awaited.removeFirst()
        }
        return awaited.contains(where: \.receipt.isConfirmed)
    }

    /// The error for binary messages whose receipts timed out.
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
        switch try await disconnect(connection) {
        case .confirmed:
            confirm(sent)
            if !asksReceipts, plan.receipt == .auto, isVerbose {
                Diagnostics.note(
                    "STOMP: this server only answers DISCONNECT with a receipt; that receipt confirms all messages")
            }
        case .closed where confirmed == sent || plan.receipt == .none,
            .ended where confirmed == sent || plan.receipt == .none:
            break
        case .unanswered where confirmed == sent || plan.receipt == .none:
            Diagnostics.warn("STOMP: no receipt for DISCONNECT")
        case .closed, .ended:
            throw STOMPClientError.closed(nil, .insteadOfReceipt)
        case .unanswered:
            let time = connection.configuration.receiptTimeout.readable
            throw Failure(.timedOut, "STOMP: timed out after \(time) waiting for the receipt of DISCONNECT")
        }
    }

    /// Disconnects. If everything is confirmed, a lost connection is not an error: RabbitMQ may drop it on
    /// WebSocket.
    private func disconnect(_ connection: STOMPConnection) async throws -> DisconnectOutcome {
        do {
            return try await connection.disconnect()
        } catch let error as STOMPClientError where error.isLoss && confirmed == sent {
            return .ended
        }
    }

    // MARK: Failure

    /// The failure, with what was sent, what was confirmed, and how to resume, so that every lost message is
    /// reported.
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
            return "the transaction is unconfirmed; \(sent - plan.skip) messages were sent in it"
        }
        let counted = "\(sent) sent, \(confirmed) confirmed"
        return sent > 1 ? "\(counted); resume with --skip \(confirmed)" : counted
    }
}
