import StomptapCommands

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

exit(await Stomptap.run(Array(CommandLine.arguments.dropFirst())))
