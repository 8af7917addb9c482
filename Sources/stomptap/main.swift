print("stomptap")
