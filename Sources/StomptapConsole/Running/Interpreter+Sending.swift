import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

extension Interpreter {
    // MARK: Messages

    /// The bytes of a body.
    ///
    /// - Throws: ``Failure`` if a file cannot be read.
    func bytes(of body: LineBody) throws -> ByteBuffer {
        switch body {
        case .text(let text): ByteBuffer(string: text)
        case .file(let path):
            ByteBuffer(bytes: try InputFile.read(FilePath.expanded(path), limit: InputFile.largestBody))
        }
    }

    func send(_ outgoing: LineCommand.Outgoing, _ body: ByteBuffer) async throws {
        if body.readableBytesView.starts(with: "-H ".utf8) || body.readableBytesView.starts(with: "-t ".utf8) {
            console.note("the body starts with an option; put options before the destination")
        }
        let connection = try await connection()
        let transaction = link.view.transaction
        var headers = outgoing.headers
        if let warning = try ContentType.add(outgoing.contentType, for: body, to: &headers) {
            console.note("warning: \(warning)")
        }
        // In a transaction only COMMIT is confirmed: RabbitMQ sends the receipts of SEND after it.
        let asksReceipt =
            connection.handshake.answersReceipt(ofMessageTo: outgoing.destination) && transaction == nil
            && !headers.contains("receipt")
        let receipt = try await connection.send(
            OutgoingMessage(
                to: outgoing.destination, body: body, headers: headers, wantsReceipt: asksReceipt,
                transaction: transaction))
        try await receipt?.confirmation()
        log.note(destination: outgoing.destination)
        console.note(
            "sent \(ByteCount.readable(body.readableBytes)) to \(outgoing.destination)"
                + (transaction.map { " in transaction \($0)" } ?? (receipt == nil ? " (unconfirmed)" : "")))
    }

    func edit(_ outgoing: LineCommand.Outgoing) async throws {
        guard let editor = console.editor else { throw Failure(.usage, "edit: needs a terminal") }
        // Fail before the user writes a message that cannot be sent.
        _ = try link.connection()
        let text = try await editor.withTerminalReleased { try await TextEditor.edit(draft.value) }
        guard !text.isEmpty else { return console.note("empty message; nothing sent") }
        draft.update { $0 = text }
        try await send(outgoing, ByteBuffer(string: text))
        draft.update { $0 = "" }
    }

    func acknowledge(_ reference: MessageReference, isPositive: Bool) async throws {
        let connection = try await connection()
        let view = link.view
        let modes = Dictionary(view.subscriptions.map { ($0.id, $0.mode) }) { first, _ in first }
        let number = link.connectionNumber
        let verb = isPositive ? "ack" : "nack"
        let found = log.find(reference) { logged in
            !logged.isSettled && logged.connection == number
                && logged.message.subscription.map { modes[$0, default: .auto] != .auto } ?? false
        }
        guard let logged = found else {
            throw Failure(
                .badInput,
                reference == .last
                    ? "\(verb): no unacknowledged message; subscribe with --ack client or client-individual"
                    : "\(verb): unknown message; it was not received or is no longer kept")
        }
        guard logged.connection == number else {
            throw Failure(.badInput, "\(verb): message #\(logged.number) was received on an earlier connection")
        }
        if connection.handshake.version >= .v12, !logged.message.headers.contains("ack") {
            try await acknowledgeByMessageID(logged.message, isPositive ? .ack : .nack, on: connection)
        } else if isPositive {
            try await connection.ack(logged.message, transaction: view.transaction)
        } else {
            try await connection.nack(logged.message, transaction: view.transaction)
        }
        log.settle(logged, isCumulative: isPositive && logged.message.subscription.map { modes[$0] } == .client)
        let done = isPositive ? "acknowledged" : "rejected"
        console.note("\(done) #\(logged.number)" + (view.transaction.map { " in transaction \($0)" } ?? ""))
    }

    /// Acknowledges by `message-id`. Spring's simple broker accepts `ack:client`, but sends no `ack` header and
    /// ignores the answer.
    private func acknowledgeByMessageID(
        _ message: Message, _ command: Command, on connection: STOMPConnection
    ) async throws {
        Diagnostics.warn(
            "STOMP: the message has no ack header; sending \(command) with its message-id, which the server may ignore")
        let headers: HeaderList = ["id": message.headers["message-id"] ?? ""]
        let frame = try FrameEncoder(version: connection.handshake.version).frame(command, headers)
        try await connection.send(raw: frame.bytes)
    }

    // MARK: Transactions

    func begin(_ id: String?) async throws {
        let connection = try await connection()
        let transaction = try await link.begin(id)
        console.note("started transaction \(transaction); end it with 'commit' or 'abort'")
        if !connection.handshake.answersReceipts {
            console.note(
                "this server may be Spring's simple broker, which does not support transactions"
            )
        }
    }

    func endTransaction(commits: Bool) async throws {
        let connection = try await connection()
        let (id, receipt) = try await link.endTransaction(commits: commits)
        if connection.handshake.answersReceipts { try await receipt?.confirmation() }
        console.note(commits ? "committed \(id)" : "aborted \(id)")
    }

    // MARK: Raw frames

    func sendRaw(_ body: LineBody) async throws {
        let connection = try await connection()
        let bytes =
            switch body {
            case .text(let text): RawFrame.bytes(text)
            case .file: RawFrame.bytes(file: Array(buffer: try bytes(of: body)))
            }
        try await connection.send(raw: bytes)
        console.note("sent \(ByteCount.readable(bytes.readableBytes)) unchanged")
    }

    func ping(_ payload: String) async throws {
        let time = try await connection().ping(ByteBuffer(string: payload))
        try await console.print("pong after \(time.readable)\n")
    }
}

/// A hand-written frame.
enum RawFrame {
    /// Its bytes: the text, the line end that the headers lack, and the NUL. Nothing else is added.
    ///
    /// The last line of a body gets no line end; a header line and the empty line do. A line `^@` at the end means
    /// the NUL.
    static func bytes(_ text: String) -> ByteBuffer {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "^@" { lines.removeLast() }
        var bytes = ByteBuffer(string: lines.joined(separator: "\n"))
        let hasBody = lines.firstIndex(of: "").map { $0 < lines.count - 1 } ?? false
        if !hasBody { bytes.writeString("\n") }
        bytes.writeInteger(UInt8(0))
        return bytes
    }

    /// The bytes of a file, with a NUL at the end if there is none.
    static func bytes(file content: [UInt8]) -> ByteBuffer {
        var bytes = ByteBuffer(bytes: content)
        if !content.contains(0) { bytes.writeInteger(UInt8(0)) }
        return bytes
    }
}

/// The user's text editor.
enum TextEditor {
    /// Opens `text` in `$VISUAL`, `$EDITOR` or vi, and returns what was saved, without the line end that editors
    /// add after the last line.
    ///
    /// - Throws: ``Failure`` if the editor cannot be run or fails.
    static func edit(_ text: String) async throws -> String {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let name = "\(folder)/stomptap-\(String(UInt64.random(in: .min ... .max), radix: 36)).txt"
        let descriptor: Int32
        do throws(FileCreation.Failure) {
            descriptor = try FileCreation.exclusive.opened(name, mode: 0o600)
        } catch {
            throw Failure(.cannotCreate, "edit: \(folder): \(systemMessage(error.errno))")
        }
        defer { unlink(name) }
        let written = Result {
            try Array(text.utf8).withUnsafeBytes { bytes in
                try DescriptorWriter(descriptor: descriptor, name: name).write(bytes)
            }
        }
        close(descriptor)
        try written.get()
        let status = try await Interrupts.leftToOthers {
            try await BlockingThread.input.run { try run(on: name) }
        }
        guard status == 0 else { throw Failure(.failed, "edit: the editor exited with status \(status); nothing sent") }
        let saved = String(decoding: try InputFile.read(name, limit: InputFile.largestBody), as: UTF8.self)
        return saved.hasSuffix("\n") ? String(saved.dropLast()) : saved
    }

    /// Runs the editor and returns its exit status, as in a shell. The shell parses the variable, because it may
    /// contain arguments.
    private static func run(on file: String) throws -> Int32 {
        let command = ShellCommand(script: #"exec ${VISUAL:-${EDITOR:-vi}} "$1""#, arguments: [file])
        do throws(ShellCommand.NotStarted) {
            switch ShellCommand.status(of: try command.start()) {
            case .exited(let status): return status
            case .killed(let signal): return 128 + signal
            }
        } catch {
            throw Failure(.failed, "edit: /bin/sh: \(systemMessage(error.errno))")
        }
    }
}
