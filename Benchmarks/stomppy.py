"""Sends messages of 256 octets by stomp.py, as a measure for others: stomppy.py PORT MESSAGES"""

import sys

import stomp

port, messages = (int(argument) for argument in sys.argv[1:])
connection = stomp.Connection12([("127.0.0.1", port)], heartbeats=(0, 0))
connection.connect(wait=True)
for _ in range(messages):
    connection.send("/topic/bench", "a" * 256)
# A sink never answers DISCONNECT.
connection.transport.disconnect_socket()
