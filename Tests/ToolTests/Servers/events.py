"""Server-sent events from the standard library: three a connection, numbered on from Last-Event-ID; a page at /page."""
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        if self.path == "/page":
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<!DOCTYPE html><title>Hello</title>")
            return
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        first = int(self.headers.get("Last-Event-ID", "0")) + 1
        self.wfile.write(b"retry: 50\n: nothing to see\n\n")
        for number in range(first, first + 3):
            event = f"id: {number}\nevent: tick\ndata: {{\"tick\":\ndata: {number}}}\n\n"
            self.wfile.write(event.encode())
            self.wfile.flush()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
