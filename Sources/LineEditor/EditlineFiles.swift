import CEditLine
import SystemC

/// What libedit reads, writes and keeps pointers to.
final class EditlineFiles {
    let drawing: MemoryFile
    let errors: MemoryFile
    /// The end of the pseudo-terminal that libedit takes for its own.
    let device: Int32
    private let controller: Int32
    private var names: [UnsafeMutablePointer<wchar_t>] = []

    init(modes: termios) throws(LineEditorError) {
        drawing = try MemoryFile()
        errors = try MemoryFile()
        var modes = modes
        // libedit lays out for it, in vain: a small one costs little.
        var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
        var ends: (controller: Int32, device: Int32) = (-1, -1)
        guard openpty(&ends.controller, &ends.device, nil, &modes, &size) == 0 else {
            throw .failed(.openPseudoTerminal)
        }
        (controller, device) = ends
        for descriptor in [controller, device] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        _ = SystemC.close(controller)
        _ = SystemC.close(device)
        for name in names { name.deallocate() }
    }

    /// A text that stays where it is as long as this does.
    func keep(_ text: String) -> UnsafePointer<wchar_t> {
        let wide = Editline.wide(text)
        let name = UnsafeMutablePointer<wchar_t>.allocate(capacity: wide.count)
        name.initialize(from: wide, count: wide.count)
        names.append(name)
        return UnsafePointer(name)
    }
}

/// A stdio stream that writes into memory.
final class MemoryFile {
    let file: UnsafeMutablePointer<FILE>
    /// Where stdio keeps the address of the memory and the bytes in it.
    private let memory: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let size: UnsafeMutablePointer<Int>

    init() throws(LineEditorError) {
        let memory = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: 1)
        let size = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        memory.initialize(to: nil)
        size.initialize(to: 0)
        guard let file = open_memstream(memory, size) else {
            memory.deallocate()
            size.deallocate()
            throw .failed(.openStream)
        }
        self.file = file
        self.memory = memory
        self.size = size
    }

    deinit {
        fclose(file)
        free(memory.pointee)
        memory.deallocate()
        size.deallocate()
    }

    /// What was written since the last call.
    func drain() -> [UInt8] {
        fflush(file)
        defer { fseeko(file, 0, SEEK_SET) }
        guard let start = memory.pointee, size.pointee > 0 else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: size.pointee))
    }
}
