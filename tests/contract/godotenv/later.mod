module godotenv-reader

go 1.21

require github.com/joho/godotenv v1.6.0-pre.4
