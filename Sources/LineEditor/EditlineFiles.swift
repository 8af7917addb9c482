import CEditLine
import SystemC

/// The files that libedit reads and writes, and the strings that it keeps pointers to.
final class EditlineFiles {
    let drawing: MemoryFile
    let errors: MemoryFile
    /// The end of the pseudo-terminal that libedit uses as its terminal.
    let device: Int32
    private let controller: Int32
    private var names: [UnsafeMutablePointer<wchar_t>] = []

    init(modes: termios) throws(LineEditorError) {
        drawing = try MemoryFile()
        errors = try MemoryFile()
        var modes = modes
        // libedit draws for this size, and the result is discarded: a small one is cheap.
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

    /// Copies a string to memory that stays valid as long as this object.
    func keep(_ text: String) -> UnsafePointer<wchar_t> {
        let wide = Editline.wide(text)
        let name = UnsafeMutablePointer<wchar_t>.allocate(capacity: wide.count)
        name.initialize(from: wide, count: wide.count)
        names.append(name)
        return UnsafePointer(name)
    }
}

/// A stdio stream that writes to memory.
final class MemoryFile {
    let file: UnsafeMutablePointer<FILE>
    /// Where stdio stores the address of the memory; `size` gets the number of bytes.
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

    /// The bytes written since the last call.
    func drain() -> [UInt8] {
        fflush(file)
        defer { fseeko(file, 0, SEEK_SET) }
        guard let start = memory.pointee, size.pointee > 0 else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: size.pointee))
    }
}
