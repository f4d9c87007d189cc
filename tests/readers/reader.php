<?php
// Reads each request as PHP does, and answers with what it found, under the parser's name.
$found = ['query: $_GET' => (object) $_GET];
$type = $_SERVER['CONTENT_TYPE'] ?? '';
if (str_starts_with($type, 'application/json')) {
    $body = file_get_contents('php://input');
    $found['json_decode'] = json_decode($body, false, 512, JSON_THROW_ON_ERROR);
    $found['json_decode of arrays'] = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
} else {
    $pairs = [];
    foreach ($_POST as $name => $value) {
        $pairs[] = [(string) $name, $value];
    }
    foreach ($_FILES as $name => $file) {
        $pairs[] = [(string) $name, ['file' => $file['name']]];
    }
    $found['$_POST and $_FILES'] = $pairs;
}
header('Content-Type: application/json');
echo json_encode($found, JSON_THROW_ON_ERROR | JSON_PRETTY_PRINT | JSON_INVALID_UTF8_SUBSTITUTE);
