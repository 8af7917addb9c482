import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// A message that has not been sent yet.
struct PendingMessage: Sendable {
    var destination: String
    var headers: HeaderList
    var body: ByteBuffer
    /// When it was recorded; nil if it was not.
    var recordedAt: Timestamp?
}

/// Builds messages from the bytes of a ``BodySource``.
struct MessageBuilder: Sendable {
    /// How the bytes are interpreted.
    enum Content: Sendable {
        /// The body.
        case body
        /// The body with placeholders. Precompiled if it is the same for all messages.
        case template(Template?)
        /// A line of a recording.
        case recording(Recording)
    }

    var content: Content
    /// Nil if each recorded message has its own.
    var destination: Template?
    var headers: [(name: String, value: Template)]
    /// Nil guesses it, or keeps the recorded one; an empty string means no content type.
    var contentType: String?
    /// Whether bodies are compressed.
    var isGzipped = false

    /// Whether a warning about a body was printed: only the first one is printed.
    private let hasWarned = Shared(false)

    private var isFirstWarning: Bool {
        hasWarned.update { hasWarned in
            defer { hasWarned = true }
            return !hasWarned
        }
    }

    /// The recording, if the bytes are lines of one; otherwise nil.
    var recording: Recording? { if case .recording(let recording) = content { recording } else { nil } }

    /// The message in a line of a recording, decoded before it is due because the line has its time; nil if the
    /// line is skipped.
    ///
    /// - Parameters:
    ///   - line: the number of the line; the first is 1.
    ///   - number: the number of the message, as in ``draft(_:number:)``.
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

    /// The message, with the values of placeholders as they are now.
    ///
    /// - Parameter number: the number of the message, counted from 1; messages that are skipped are counted too.
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

/// Returns the messages of a source when they are due.
struct PendingMessageQueue {
    /// The shortest sleep: at higher rates messages are sent in groups, because no timer is fine enough for each
    /// one.
    private static let shortestSleep = TimeAmount.milliseconds(1)

    private let source: BodySource
    private let maker: MessageBuilder
    private var pace: Pace
    /// The number of messages to skip at the start.
    private let skip: Int
    private let progress: Shared<PublishProgress.Counts>

    /// The number of messages returned or skipped.
    private(set) var taken = 0
    /// The number of lines of a recording that contain no message to send.
    private(set) var passedOver = 0
    /// The number of blank lines in the recording.
    private var blankLines = 0
    /// Bodies that were read from the source and not yet returned.
    private var pending: ArraySlice<ByteBuffer> = []
    private var pendingMayBeLast = false
    /// The first pending message, if it must be decoded to know when it is due.
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

    /// Whether no more is known to be ready after what was returned, so that it may be the last.
    var mayBeAtEnd: Bool { pending.isEmpty && pendingMayBeLast }

    /// The next messages, once they are due; nil at the end.
    ///
    /// - Throws: ``Failure``, or `CancellationError`.
    mutating func next() async throws -> [PendingMessage]? {
        var drafts: [PendingMessage] = []
        // A batch may contain nothing to send.
        while drafts.isEmpty {
            guard try await fill() else { return nil }
            drafts = try await takeDue()
        }
        return drafts
    }

    /// The maximum size of the bodies built in one batch, not counting the last: a template may expand to much more
    /// than its source.
    private static let largestBatch = 1 << 20

    /// The pending messages that are due; at least one, if there is any to send.
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
                // The messages before it are sent first; the error occurs again on the next call.
                break
            }
            advance()
        }
        return drafts
    }

    /// Reads more if nothing is pending; false at the end.
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
    /// Whether this line is empty or contains only blanks.
    fileprivate var isBlank: Bool { readableBytesView.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
}
