#ifndef STOMPTAP_CEDITLINE_SIGNALS_H
#define STOMPTAP_CEDITLINE_SIGNALS_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

// What signals do while lines are edited. In C, since Swift code may allocate where nobody sees it, and whoever is
// interrupted may hold the allocator's lock: the handlers call nothing that signal-safety(7) does not name.
//
// All of it is static: one Swift file alone may use it, or each would have a state of its own.

enum { STOMPTAP_CONTINUED = 1, STOMPTAP_STOP_REQUESTED = 2 };

struct stomptap_signal_state {
    int armed;
    int pending;
    int wake_end;
    int input;
    int output;
    struct termios modes;
    struct sigaction previous[NSIG];
};

/// What the handlers look at.
static inline struct stomptap_signal_state *stomptap_state(void) {
    static struct stomptap_signal_state signals;
    return &signals;
}

/// Those that are recorded, those that end a process which does nothing about them, those of a broken program.
static const int stomptap_recorded[] = {SIGWINCH, SIGCONT, SIGTSTP};
static const int stomptap_ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU};
static const int stomptap_fatal[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};

#define STOMPTAP_FOR_EACH(number, list) \
    for (const int *number = list; number < list + sizeof(list) / sizeof(*list); number++)

/// Records the signal, and wakes the editor's thread. A window of another size needs no flag: the thread looks at it
/// whenever it wakes.
static void stomptap_record_signal(int number) {
    int saved = errno;
    int flag = number == SIGCONT ? STOMPTAP_CONTINUED : number == SIGTSTP ? STOMPTAP_STOP_REQUESTED : 0;
    __atomic_fetch_or(&stomptap_state()->pending, flag, __ATOMIC_ACQ_REL);
    // A full pipe wakes as well.
    if (write(stomptap_state()->wake_end, "", 1) < 0) {}
    errno = saved;
}

/// Gives the terminal its modes back, if the editor has changed them and this process still holds it.
static void stomptap_restore_terminal(void) {
    if (!__atomic_load_n(&stomptap_state()->armed, __ATOMIC_ACQUIRE)) return;
    if (tcgetpgrp(stomptap_state()->input) != getpgrp()) return;
    tcsetattr(stomptap_state()->input, TCSANOW, &stomptap_state()->modes);
    // Nothing more is bracketed, and the shell's prompt goes to a row of its own; but a terminal that takes nothing
    // must not keep the process from its end.
    static const char farewell[] = "\x1b[?2004l\r\n";
    struct pollfd request = {stomptap_state()->output, POLLOUT, 0};
    if (poll(&request, 1, 100) == 1 && write(stomptap_state()->output, farewell, sizeof farewell - 1) < 0) {}
}

static void stomptap_die(int number) {
    int saved = errno;
    stomptap_restore_terminal();
    // Blocked until this handler returns; then whatever was to happen before happens.
    sigaction(number, &stomptap_state()->previous[number], NULL);
    raise(number);
    errno = saved;
}

static inline void stomptap_install(void (*handler)(int), int number) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    // On the stack set aside for signals, if the thread has one: its own may be what has overflown.
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigaction(number, &action, &stomptap_state()->previous[number]);
}

/// From now on signals are recorded, and the terminal is safe from a sudden end.
static inline void stomptap_signals_arm(int input, int output, const struct termios *modes, int wake_end) {
    static int is_registered;
    if (stomptap_state()->armed) return;
    stomptap_state()->input = input;
    stomptap_state()->output = output;
    stomptap_state()->modes = *modes;
    stomptap_state()->wake_end = wake_end;
    if (!is_registered) is_registered = atexit(stomptap_restore_terminal) == 0;
    __atomic_store_n(&stomptap_state()->armed, 1, __ATOMIC_RELEASE);
    STOMPTAP_FOR_EACH(number, stomptap_recorded) stomptap_install(stomptap_record_signal, *number);
    STOMPTAP_FOR_EACH(number, stomptap_fatal) stomptap_install(stomptap_die, *number);
    STOMPTAP_FOR_EACH(number, stomptap_ending) {
        // What somebody handles or ignores does not end the process.
        struct sigaction current;
        if (sigaction(*number, NULL, &current) == 0 && current.sa_handler == SIG_DFL)
            stomptap_install(stomptap_die, *number);
    }
}

static inline void stomptap_uninstall(int number) {
    struct sigaction current;
    if (sigaction(number, NULL, &current) != 0) return;
    // Where somebody has set another handler meanwhile, that one stays.
    if (current.sa_handler == stomptap_record_signal || current.sa_handler == stomptap_die)
        sigaction(number, &stomptap_state()->previous[number], NULL);
}

/// The terminal has its own modes again: signals do what they did before.
static inline void stomptap_signals_disarm(void) {
    if (!__atomic_exchange_n(&stomptap_state()->armed, 0, __ATOMIC_ACQ_REL)) return;
    STOMPTAP_FOR_EACH(number, stomptap_recorded) stomptap_uninstall(*number);
    STOMPTAP_FOR_EACH(number, stomptap_ending) stomptap_uninstall(*number);
    STOMPTAP_FOR_EACH(number, stomptap_fatal) stomptap_uninstall(*number);
}

/// The signals recorded since the last call.
static inline int stomptap_signals_take_pending(void) {
    return __atomic_exchange_n(&stomptap_state()->pending, 0, __ATOMIC_ACQ_REL);
}

#endif
