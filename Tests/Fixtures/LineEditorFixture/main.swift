import LineEditor
import SystemC

// A program around the editor, for the tests: it prints the events that it gets, and runs the commands from its
// control pipe.
//
// Environment: CONTROL, a named pipe whose lines are commands; HISTORY, a file.

func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

let words = ["send", "subscribe", "subscriptions", "status", "/topic/방송", "/topic/방문", "/topic/room", "/evil\nsend x"]

var options = LineEditor.Options(prompt: "> ", visible: { $0.split(separator: "\u{1b}").joined(separator: "<ESC>") })
options.historyFile = variable("HISTORY")
options.isSecret = { $0.hasPrefix("secret") }
options.isComplete = { !$0.contains("<<EOF") || $0.hasSuffix("\nEOF") }
options.completer = { request in
    let isFirst = request.word == request.line
    let labels = ["#a", "#b"].filter { $0.hasPrefix(request.word) }.map { Completion($0, label: "\($0) \u{1b}[2J") }
    return words.filter { $0.hasPrefix(request.word) && isFirst != $0.hasPrefix("/") }.map { Completion($0) } + labels
}

let editor: LineEditor
do {
    // On a thread of the pool, as in most programs: signals are blocked there.
    editor = try await Task.detached { [options] in try LineEditor(options) }.value
} catch let error as LineEditorError {
    let reason =
        switch error {
        case .notATerminal: "notATerminal"
        case .terminalTooSimple: "terminalTooSimple"
        default: "\(error)"
        }
    print("plain: \(reason)")
    for await event in try PlainLineReader().lines {
        guard case .line(let line) = event else { break }
        print("plain: \(line)")
    }
    exit(0)
}

/// Runs a command from the control pipe.
@Sendable func control(_ line: String) async {
    let command = line.prefix { $0 != " " }
    let argument = String(line.dropFirst(command.count + 1))
    switch command {
    case "print": await editor.print(Array(argument.utf8))
    case "prompt": editor.setPrompt(argument)
    case "flood":
        for number in 1...(Int(argument) ?? 1) {
            await editor.print(Array("message \(number) \(String(repeating: "x", count: 80))".utf8))
        }
        await editor.print(Array("flood is over".utf8))
    case "close": await editor.close()
    case "exit": exit(Int32(argument) ?? 0)
    case "_exit":
        LineEditor.restoreTerminal()
        _exit(Int32(argument) ?? 0)
    case "signal": kill(getpid(), Int32(argument) ?? 0)
    case "abort": abort()
    case "crash": print([Int]()[argument.count])
    case "pour": await pour(argument)
    default: await editor.print(Array("no command: \(line)".utf8))
    }
}

/// Prints N lines a second for N seconds, as from a server; lines that do not fit are counted.
@Sendable func pour(_ argument: String) async {
    let numbers = argument.split(separator: " ").compactMap { Int($0) }
    guard numbers.count == 2 else { return }
    let (rate, end) = (numbers[0], numbers[0] * numbers[1])
    let start = ContinuousClock.now
    var sent = 0, dropped = 0
    while sent < end {
        let due = min(end, Int((ContinuousClock.now - start) / .milliseconds(1) * Double(rate) / 1000))
        while sent < due {
            sent += 1
            let line = "message \(sent) \(String(repeating: "x", count: 80))"
            if !editor.printIfRoom(Array(line.utf8)) { dropped += 1 }
        }
        try? await Task.sleep(for: .milliseconds(1))
    }
    await editor.print(Array("poured \(sent) in \(ContinuousClock.now - start), \(dropped) not printed".utf8))
}

if let path = variable("CONTROL") {
    // Opened for writing as well, so that it never reaches end of file.
    let reader = try PlainLineReader(descriptor: open(path, O_RDWR))
    Task {
        for await event in reader.lines {
            if case .line(let line) = event { await control(line) }
        }
    }
}

for await event in editor.lines {
    switch event {
    case .line("quit"): await editor.close()
    case .line("lend"):
        await editor.withTerminalReleased {
            var modes = termios()
            tcgetattr(0, &modes)
            print(modes.c_lflag & tcflag_t(ECHO | ICANON) == tcflag_t(ECHO | ICANON) ? "lent" : "not lent")
            _ = readLine()
        }
        await editor.print(Array("given back".utf8))
    case .line("stall"): try await Task.sleep(for: .seconds(3600))
    case .line(let line): await editor.print(Array("got \(line.debugDescription)".utf8))
    case .interrupt: await editor.print(Array("interrupted".utf8))
    case .endOfInput:
        await editor.print(Array("end of input".utf8))
        await editor.close()
    case .failure(let error): await editor.print(Array("failed: \(error)".utf8))
    }
}
print("bye")
