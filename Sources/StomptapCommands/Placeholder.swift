// StomptapCommands
