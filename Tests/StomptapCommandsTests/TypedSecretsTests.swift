import Testing

@testable import StomptapCommands

/// Secrets that were typed on the command line.
@Suite struct TypedSecretsTests {
    @Test(arguments: [
        (["sub", "demo", "--passcod", "abcd"], "'abcd'", "'****'"), (["sub", "-C", "ab cd"], "'ab cd'", "'****'"),
        (["sub", "-pabcd"], "Unknown option '-pabcd'", "Unknown option '-p****'"),
        (["sub", "--passcod=abcd"], "Unknown option '--passcod'", "Unknown option '--passcod'"),
        (["pub", "--passcode", "ab", "cd"], "Unexpected argument 'cd'", "Unexpected argument '****'"),
        (["pub", "a", "cd"], "Unexpected argument 'cd'", "Unexpected argument 'cd'"),
        (["pub", "--passcode-prompt", "cd"], "Unexpected argument 'cd'", "Unexpected argument '****'"),
        (["pub", "--passcode-prompt=cd"], "but 'cd' was specified", "but '****' was specified"),
        (["sub", "--heart-beat", "x"], "The value 'x' is invalid", "The value 'x' is invalid"),
        (["sub", "--cookie", "-abcd"], "Unknown option '-abcd'", "Unknown option '****'"),
    ])
    func secretsOfACommandLine(arguments: [String], message: String, expected: String) {
        #expect(CommandLineSecrets(arguments).masked(message) == expected)
    }
}
