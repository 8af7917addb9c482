import StomptapCommands
import SystemC

guard let arguments = Stomptap.arguments(CommandLine.unsafeArgv, count: Int(CommandLine.argc)) else { exit(EX_DATAERR) }
Stomptap.runAndExit(arguments)
