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
            draft.headers["content-type"] = contentType.isEmpty ? nil : contentType
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
        ContentType.add(contentType, for: body, to: &list)
        return PendingMessage(destination: destination?.text(number: number) ?? "", headers: list, body: body)
    }
}
