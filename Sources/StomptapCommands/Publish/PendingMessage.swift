import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// A message before it goes.
struct PendingMessage: Sendable {
    var destination: String
    var headers: HeaderList
    var body: ByteBuffer
    /// When it was recorded, where it was.
    var recordedAt: Timestamp?
}

/// What becomes of the bytes that a ``BodySource`` gives.
struct MessageBuilder: Sendable {
    /// What the bytes are.
    enum Content: Sendable {
        /// The body.
        case body
        /// The body with placeholders. Compiled where it is the same for all messages.
        case template(Template?)
        /// A line of a recording.
        case recording(Recording)
    }

    var content: Content
    /// Nil where each recorded message has its own.
    var destination: Template?
    var headers: [(name: String, value: Template)]
    /// Nil guesses, or leaves it as recorded; an empty one is none.
    var contentType: String?
    /// Whether bodies are compressed.
    var isGzipped = false

    /// Whether a body was warned about: the first is enough.
    private let hasWarned = Shared(false)

    private var isFirstWarning: Bool {
        hasWarned.update { hasWarned in
            defer { hasWarned = true }
            return !hasWarned
        }
    }

    /// Reads lines of a recording; nil where there is none.
    var recording: Recording? { if case .recording(let recording) = content { recording } else { nil } }

    /// What a line of a recording says, which must be known before its time comes; nil where it is passed over.
    ///
    /// - Parameters:
    ///   - line: the number of the line; the first is 1.
    ///   - number: of the message, as ``draft(_:number:)`` has it.
    /// - Throws: ``Failure`` with 65.
    func draft(_ bytes: ByteBuffer, of recording: Recording, line: Int, number: Int) throws -> PendingMessage? {
        let destination = destination?.text(number: number)
        guard var draft = try recording.draft(bytes, line: line, destination: destination) else { return nil }
        let own = headers.map { Header($0.name, $0.value.text(number: number)) }
        draft.headers = HeaderList(draft.headers.filter { header in !own.contains { $0.name == header.name } } + own)
        if let contentType, !own.contains(where: { $0.name == "content-type" }) {
            draft.headers["content-type"] = contentType.isEmpty ? nil : ContentType.full(contentType)
        }
        return draft
    }

    /// The message as it goes now.
    ///
    /// - Parameter number: counts from 1, messages that are skipped included.
    /// - Throws: ``Failure`` with 65.
    func draft(_ bytes: ByteBuffer, number: Int) throws -> PendingMessage {
        var body = bytes
        if case .template(let template) = content {
            body = try (template ?? Template(bytes, of: "message \(number)")).body(number: number)
        }
        var list = HeaderList(headers.map { Header($0.name, $0.value.text(number: number)) })
        if let warning = try ContentType.add(contentType, for: body, to: &list), isFirstWarning {
            Diagnostics.warn(number > 1 ? "message \(number): \(warning)" : warning)
        }
        if isGzipped {
            body = body.withUnsafeReadableBytes { Zlib.compressed($0, as: .gzip) }
            list.append("content-encoding", "gzip")
        }
        return PendingMessage(destination: destination?.text(number: number) ?? "", headers: list, body: body)
    }
}

/// Gives the messages of a source when their time has come.
struct PendingMessageQueue {
    /// The shortest sleep: messages of a higher rate go together, since no clock would wake a program for each.
    private static let shortestSleep = TimeAmount.milliseconds(1)

    private let source: BodySource
    private let maker: MessageBuilder
    private var pace: Pace
    /// How many of the first are left out.
    private let skip: Int
    private let progress: Shared<PublishProgress.Counts>

    /// How many have been given or left out.
    private(set) var taken = 0
    /// How many lines of a recording held nothing to send.
    private(set) var passedOver = 0
    /// How many of its lines were blank.
    private var blankLines = 0
    /// What was read from the source, and has not been given.
    private var pending: ArraySlice<ByteBuffer> = []
    private var pendingMayBeLast = false
    /// The first that is pending, where it must be read before its time is known.
    private var first: PendingMessage?

    init(
        source: BodySource, maker: MessageBuilder, pace: Pace, skip: Int, progress: Shared<PublishProgress.Counts>
    ) {
        self.source = source
        self.maker = maker
        self.pace = pace
        self.skip = skip
        self.progress = progress
    }

    /// Whether no more is known to be ready behind what was given: the last of it may be the last of all.
    var mayBeAtEnd: Bool { pending.isEmpty && pendingMayBeLast }

    /// The next messages, once their time has come; nil at the end.
    ///
    /// - Throws: ``Failure``, or `CancellationError`.
    mutating func next() async throws -> [PendingMessage]? {
        var drafts: [PendingMessage] = []
        // A batch may hold nothing to send.
        while drafts.isEmpty {
            guard try await fill() else { return nil }
            drafts = try await takeDue()
        }
        return drafts
    }

    /// How many bytes of bodies are made at once, besides the last: a template may make much of little.
    private static let largestBatch = 1 << 20

    /// Those that are pending and whose time has come; at least one, where there is any to send.
    private mutating func takeDue() async throws -> [PendingMessage] {
        var drafts: [PendingMessage] = []
        var size = 0
        while size < Self.largestBatch, let bytes = pending.first {
            do {
                if first == nil, let recording = maker.recording {
                    guard !bytes.isBlank else {
                        remove()
                        blankLines += 1
                        continue
                    }
                    first = try maker.draft(
                        bytes, of: recording, line: taken + passedOver + blankLines + 1, number: taken + 1)
                    guard first != nil else {
                        remove()
                        passedOver += 1
                        continue
                    }
                }
                guard taken >= skip else {
                    advance()
                    continue
                }
                if let wait = pace.wait(recordedAt: first?.recordedAt, now: .now()) {
                    if !drafts.isEmpty { break }
                    try await Task.sleep(nanoseconds: UInt64(max(wait, Self.shortestSleep).nanoseconds))
                    continue
                }
                let draft = try first ?? maker.draft(bytes, number: taken + 1)
                drafts.append(draft)
                size += draft.body.readableBytes
            } catch  where !drafts.isEmpty {
                // Those before it go; then it is met again.
                break
            }
            advance()
        }
        return drafts
    }

    /// Reads on where nothing is pending; false at the end.
    private mutating func fill() async throws -> Bool {
        while pending.isEmpty {
            guard let batch = try await source.next() else { return false }
            pending = batch.bodies[...]
            pendingMayBeLast = batch.mayBeLast
        }
        return true
    }

    private mutating func advance() {
        remove()
        first = nil
        taken += 1
    }

    private mutating func remove() {
        let bytes = pending.popFirst().map { $0.readableBytes + 1 } ?? 0
        progress.update { $0.bytes += bytes }
    }
}

extension ByteBuffer {
    /// Whether this is a line with nothing in it.
    fileprivate var isBlank: Bool { readableBytesView.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
}
