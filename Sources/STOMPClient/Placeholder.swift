// STOMPClient
