import SystemC

/// The terminal: taking and giving it back, and what others want of it.
extension EditorThread {
    func takeTerminal() {
        TerminalSignals.arm(terminal, wakeEnd: mailbox.pipe.writeEnd)
        terminal.enterEditing()
        screen.resize(to: terminal.size)
    }

    /// Threads of Dispatch, and whatever they start, have signals blocked: a stop would stay pending.
    func unblockSignals() {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }

    private func giveTerminalBack() {
        terminal.leaveEditing()
        TerminalSignals.disarm()
    }

    func flush() {
        guard !screen.output.isEmpty else { return }
        if !terminal.write(screen.output) { abort = .hangUp }
        screen.output.removeAll(keepingCapacity: true)
    }

    /// Prints a line of the editor's own above the one being typed.
    func notice(_ text: String) {
        screen.erase()
        screen.output += "\(printable(text))\r\n".utf8
    }

    func bell() {
        screen.output.append(0x07)
    }

    /// Does what signals, other tasks and libedit have asked for.
    func attend() {
        let wishes = editline.takeWishes()
        if wishes.bell { bell() }
        if wishes.clear { screen.clear() }

        let notes = TerminalSignals.takeNotes()
        // Asked each time: the signal may come when the terminal has long broken its lines anew.
        screen.resize(to: terminal.size)
        if notes.contains(.continued) {
            // Stopped without being asked: the shell has had the terminal meanwhile.
            screen.forget()
            screen.output += "\r\u{1b}[J".utf8
            takeTerminal()
            terminal.enterEditing()
        }
        if notes.contains(.stopRequested) { stop(SIGTSTP, wholeGroup: false) }

        if mailbox.isBorrowed { lend() }
        if mailbox.isClosing { abort = .close }
    }

    /// Does to this process what the terminal would have done at that key, and goes on where the process does.
    ///
    /// - Parameter wholeGroup: others in the foreground, such as the shell script that started this one, as well.
    func stop(_ signal: Int32, wholeGroup: Bool) {
        leave(currentLine.text)
        giveTerminalBack()
        if wholeGroup {
            // This process comes last, and by a signal to this thread: that one has done its work when pthread_kill
            // returns, where any other thread would take its time.
            var ignore = sigaction()
            ignore.__sigaction_handler.sa_handler = SIG_IGN
            var previous = sigaction()
            sigaction(signal, &ignore, &previous)
            kill(0, signal)
            sigaction(signal, &previous, nil)
        }
        pthread_kill(pthread_self(), signal)
        takeTerminal()
    }

    private func lend() {
        screen.erase()
        flush()
        giveTerminalBack()
        while mailbox.isBorrowed, !mailbox.isClosing {
            mailbox.lend()
            var request = pollfd(fd: mailbox.pipe.readEnd, events: Int16(POLLIN), revents: 0)
            _ = poll(&request, 1, -1)
            mailbox.pipe.drain()
        }
        takeTerminal()
    }

    /// Prints what is left and gives everything back.
    func close() {
        screen.erase()
        while !mailbox.output.isEmpty { screen.output += mailbox.output.take(.max) }
        flush()
        giveTerminalBack()
        _ = terminal.write(mailbox.output.close())
        TerminalSignals.release()
        mailbox.finish()
    }
}
