import StomptapCommands

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

guard let arguments = Stomptap.arguments(CommandLine.unsafeArgv, count: Int(CommandLine.argc)) else { exit(EX_DATAERR) }
Stomptap.runAndExit(arguments)
