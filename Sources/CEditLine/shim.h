#ifndef STOMPTAP_CEDITLINE_SHIM_H
#define STOMPTAP_CEDITLINE_SHIM_H

#include <histedit.h>
#include <pty.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <wchar.h>

// el_set, el_get and history are variadic, and ioctl is as well: Swift does not see them.

typedef unsigned char (*stomptap_el_command)(EditLine *, int);

static inline void stomptap_el_set_context(EditLine *el, void *context) { el_wset(el, EL_CLIENTDATA, context); }

static inline void *stomptap_el_context(EditLine *el) {
    void *context = NULL;
    el_wget(el, EL_CLIENTDATA, &context);
    return context;
}

static inline int stomptap_el_set_reader(EditLine *el, el_rfunc_t reader) { return el_wset(el, EL_GETCFN, reader); }

static inline int stomptap_el_set_history(EditLine *el, HistoryW *history) {
    return el_wset(el, EL_HIST, history_w, history);
}

static inline int stomptap_el_set_editor(EditLine *el, const wchar_t *name) { return el_wset(el, EL_EDITOR, name); }

static inline int stomptap_el_set_edit_mode(EditLine *el, int on) { return el_wset(el, EL_EDITMODE, on); }

static inline int stomptap_el_set_clear_screen(EditLine *el, const wchar_t *sequence) {
    return el_wset(el, EL_SETTC, L"cl", sequence, NULL);
}

/// Adds a command that keys can be bound to. libedit keeps both texts: they have to live as long as it does.
static inline int stomptap_el_add_command(
    EditLine *el, const wchar_t *name, const wchar_t *help, stomptap_el_command command) {
    return el_wset(el, EL_ADDFN, name, help, command);
}

static inline int stomptap_el_bind(EditLine *el, const wchar_t *key, const wchar_t *command) {
    return el_wset(el, EL_BIND, key, command, NULL);
}

/// Binds a key in vi's command mode.
static inline int stomptap_el_bind_alternative(EditLine *el, const wchar_t *key, const wchar_t *command) {
    return el_wset(el, EL_BIND, L"-a", key, command, NULL);
}

/// Writes what the key is bound to, or on the error stream that it is not.
static inline int stomptap_el_show_binding(EditLine *el, const wchar_t *key) {
    return el_wset(el, EL_BIND, key, NULL);
}

static inline int stomptap_el_capability(EditLine *el, char *name, char **value) {
    return el_get(el, EL_GETTC, name, value);
}

static inline int stomptap_history_set_size(HistoryW *history, int size) {
    HistEventW event;
    return history_w(history, &event, H_SETSIZE, size);
}

static inline int stomptap_history_clear(HistoryW *history) {
    HistEventW event;
    return history_w(history, &event, H_CLEAR);
}

static inline int stomptap_history_enter(HistoryW *history, const wchar_t *line) {
    HistEventW event;
    return history_w(history, &event, H_ENTER, line);
}

// POSIX has it, and <wchar.h> shows it only to those who ask for the X/Open system interfaces.
int wcwidth(wchar_t character);

static inline int stomptap_window_size(int descriptor, struct winsize *size) {
    return ioctl(descriptor, TIOCGWINSZ, size);
}

#endif
