"""An echo server with the websockets package; "ping" pings first, "bye" closes with 1001."""
import asyncio

import websockets


async def handle(connection):
    async for message in connection:
        if message == "ping":
            await connection.ping(b"abcd")
        elif message == "bye":
            await connection.close(1001, "leaving")
            return
        else:
            await connection.send(message)


async def main():
    async with websockets.serve(handle, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
